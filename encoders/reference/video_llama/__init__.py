"""Video-LLaMA: frames and sound of a video into the input embeddings of a LLaMA, and the prompt around them.

Source: Zhang et al. 2023, arXiv:2306.02858; official code DAMO-NLP-SG/Video-LLaMA.
"""
