"""What every room may import: records, ids, errors, uris and places."""
