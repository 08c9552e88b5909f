"""Doing jobs: a worker process that takes them out of the library's queue, and what keeps it alive."""
