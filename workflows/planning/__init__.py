"""Plans: what is left to do, and what it costs."""
