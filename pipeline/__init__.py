"""One video: probe, audio pass, video pass (one decode, many observers), derived stages."""
