"""The vector index and what it can be made of again."""
