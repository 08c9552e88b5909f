"""Who speaks: voices into vectors."""
