"""What other programs get of a library, and what they give back."""
