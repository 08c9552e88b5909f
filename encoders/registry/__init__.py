"""Models as data: rows, profiles, files and where they come from."""
