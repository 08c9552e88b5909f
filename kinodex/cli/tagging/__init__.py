"""Tagging many videos, and how well it does, on the command line."""
