"""Benchmarks of tagging: how good and fast rankers are, and what reviews teach."""
