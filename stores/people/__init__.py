"""People: whose faces are seen in the library, and what its owners say about them."""
