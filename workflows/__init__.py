"""Whole jobs over many videos: ingest, tag, evaluate."""
