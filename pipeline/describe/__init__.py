"""Describing clips: a few frames are decoded again, and a model writes what they show."""
