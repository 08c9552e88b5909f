"""What is left to do, and what it costs."""
