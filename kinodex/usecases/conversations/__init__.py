"""Conversations: held, found again, listed, written out, removed."""
