"""Conversations: threads, and the turns that are answered in them."""
