"""The querying transformer of BLIP-2: a BERT whose learned queries read a picture and meet a text.

Source: Li et al. 2023, arXiv:2301.12597; official code salesforce/LAVIS.
"""
