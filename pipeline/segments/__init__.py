"""Long videos in parts."""
