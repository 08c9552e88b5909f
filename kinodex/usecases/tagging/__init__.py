"""Tagging many videos, and how well it does."""
