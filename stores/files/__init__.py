"""Blobs, object storage and staged outputs."""
