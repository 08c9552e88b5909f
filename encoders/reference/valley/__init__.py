"""VALLEY: frames seen by CLIP into the input embeddings of a LLaMA, and the prompt around them.

Source: Luo et al. 2023, arXiv:2306.07207; official code RupertLuo/Valley.
"""
