"""The tag library, decisions, review, and the people who are seen and heard."""
