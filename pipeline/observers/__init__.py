"""Observers of the video pass: each asks for the frames that it needs, and is one stage."""
