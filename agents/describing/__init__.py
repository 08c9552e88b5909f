"""Descriptions of clips and videos by a model behind an endpoint."""
