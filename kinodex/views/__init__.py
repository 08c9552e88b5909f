"""What a principal may know of a library and do to it: the one way from the doors (server, MCP) to what lies below."""
