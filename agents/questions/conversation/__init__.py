"""What a conversation has come to, and what follow-ups point at in it."""
