"""People: whose face is whose, and what their owners say about them."""
