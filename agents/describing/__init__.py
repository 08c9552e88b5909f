"""Clips and videos in words, by a model behind an endpoint."""
