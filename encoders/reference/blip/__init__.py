"""BLIP: pictures and texts compared, matched and captioned by one family of transformers.

Source: Li et al. 2022, arXiv:2201.12086; official code salesforce/BLIP.
"""
