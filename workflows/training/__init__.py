"""Training of models from what a library knows: in this process, or on Ray."""
