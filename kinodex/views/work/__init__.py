"""Jobs, failures, the folders to take files from, and how the server is run."""
