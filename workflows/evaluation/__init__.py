"""Measuring a library against annotations."""
