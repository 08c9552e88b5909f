"""What lists and counts say: pages filtered and sorted by the database, and the library as a whole."""
