"""Video-ChatGPT: frames seen by CLIP into 356 input embeddings of a LLaMA, and the prompt around them.

Source: Maaz et al. 2023, arXiv:2306.05424; official code mbzuai-oryx/Video-ChatGPT.
"""
