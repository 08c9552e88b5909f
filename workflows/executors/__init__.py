"""Executors: threads of one process, or a Ray cluster."""
