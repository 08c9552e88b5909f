"""People: assigned, edited, forgotten."""
