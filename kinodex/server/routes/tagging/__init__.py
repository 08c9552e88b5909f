"""The tag library, decisions, and review by people."""
