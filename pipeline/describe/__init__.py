"""Describing clips: a few frames are read from the file again, and a model says what they show."""
