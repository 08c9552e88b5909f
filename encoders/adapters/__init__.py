"""The models that profiles use."""
