"""Derived stages: computed from stored outputs, without decoding the file again."""
