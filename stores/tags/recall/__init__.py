"""What tags are recalled by besides what a video itself shows: products, clicks, tags of other videos; read in bulk."""
