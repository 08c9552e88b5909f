"""Jobs: what can be ordered, and what became of it."""
