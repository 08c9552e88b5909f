"""Guarded SQL: questions about what the library knows, which can change nothing and see nothing else."""
