"""Finding moments and videos."""
