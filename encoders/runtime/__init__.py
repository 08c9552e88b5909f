"""Where models run, and what they share."""
