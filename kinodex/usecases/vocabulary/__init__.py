"""Use cases of a vocabulary that changes."""
