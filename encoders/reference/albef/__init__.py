"""ALBEF: a text encoder and a fusion encoder that meet a vision transformer's tokens after they were aligned.

Source: Li et al. 2021, arXiv:2107.07651; official code salesforce/ALBEF.
"""
