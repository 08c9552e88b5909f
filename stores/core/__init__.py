"""What every room may import: records, ids, errors, URIs and places. Imports nothing else of `stores`."""
