"""`kinodex review`: people decide about tags."""
