"""Derived stages: what follows from stored observations without looking at the file again."""
