"""The documents that every door prints: what `--json` writes, and what HTTP and MCP answer.

One module per kind; each document has a function of its own that makes it from what the rooms below return. Keys are
what others script against: none is renamed or removed, new ones go to the end. Times are float seconds.
"""
