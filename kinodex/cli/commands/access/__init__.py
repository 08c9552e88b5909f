"""`kinodex users`, `kinodex keys`, `kinodex collections`: who may use a library that is served, and who sees what."""
