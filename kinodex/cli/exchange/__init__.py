"""`kinodex export` and `kinodex import`."""
