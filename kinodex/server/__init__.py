"""The HTTP API and what serves the web app."""
