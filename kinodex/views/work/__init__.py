"""Jobs, failures, and the folders to take files from."""
