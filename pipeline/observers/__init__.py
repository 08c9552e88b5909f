"""Observers of the picture: each asks for the frames it needs and notes one kind of thing."""
