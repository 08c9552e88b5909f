"""CLIP2Video (Fang et al. 2021, arXiv:2106.11097): tokens of motion, and centres that words and frames share."""
