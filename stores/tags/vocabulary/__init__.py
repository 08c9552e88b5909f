"""The vocabulary as it changes: edits, merges, what children say of their parents, history, proposals."""
