"""Models of published papers, number by number."""
