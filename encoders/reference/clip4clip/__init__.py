"""CLIP4Clip (Luo et al. 2021, arXiv:2104.08860): CLIP's frame features to a likeness of text and video."""
