"""TransNetV2: per frame, whether the picture changes to another shot there (arXiv:2008.04838)."""
