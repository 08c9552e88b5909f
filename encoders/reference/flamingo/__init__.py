"""Flamingo's two parts that join a frozen vision model and a frozen language model (arXiv:2204.14198).

The perceiver resampler makes a fixed number of tokens of pictures or films, and the gated cross-attention lets text
read them. Both public versions are covered: lucidrains/flamingo-pytorch and mlfoundations/open_flamingo.
"""
