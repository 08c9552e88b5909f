"""Who may use a library: users, sessions, API keys, and collections of videos."""
