"""`kinodex jobs`."""
