"""The tag library, its CSV files and the decisions made with it."""
