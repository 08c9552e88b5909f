"""Recall and rank of tags."""
