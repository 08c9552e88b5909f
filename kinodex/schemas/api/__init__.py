"""The documents that only the HTTP API and MCP send."""
