"""Deciding about many videos: what was decided from what, and how well it stands against people's judgements."""
