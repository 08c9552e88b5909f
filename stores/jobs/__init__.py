"""Jobs: work that somebody ordered, which a worker process does; and what happened in them."""
