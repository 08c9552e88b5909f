"""What the library knows: ledger and tables (SQL), vectors (Chroma), blobs, the tag library."""
