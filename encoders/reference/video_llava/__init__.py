"""Video-LLaVA (Lin et al. 2023, arXiv:2311.10122): images and videos through one projector before a Vicuna."""
