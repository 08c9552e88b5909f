"""Conversations over one library: the graph, its planners, its turns."""
