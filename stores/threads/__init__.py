"""Conversations: threads, their turns, claims, citations and run events."""
