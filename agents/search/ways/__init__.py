"""Ways to find moments other than by the meaning of a query: by exact words, and by another moment."""
