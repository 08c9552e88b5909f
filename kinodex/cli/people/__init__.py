"""`kinodex people`."""
