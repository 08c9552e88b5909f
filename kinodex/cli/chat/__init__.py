"""`kinodex chat` and `kinodex threads`: conversations over a library, and those that are kept."""
