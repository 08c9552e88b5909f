"""CLIP (Radford et al. 2021, arXiv:2103.00020): pictures and texts in one space, and its blocks."""
