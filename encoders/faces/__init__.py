"""Faces: where they are in a picture, and what one looks like."""
