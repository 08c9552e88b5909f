"""The web app: its source, and in `dist` its built files, which the server serves."""
