"""LanguageBind (Zhu et al. 2023, arXiv:2310.01852): five modalities in the space of one text tower."""
