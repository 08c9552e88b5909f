"""Learned prompts for a frozen CLIP: CoOp (arXiv:2109.01134) and CoCoOp (arXiv:2203.05557)."""
