"""Commands of `kinodex tags`."""
