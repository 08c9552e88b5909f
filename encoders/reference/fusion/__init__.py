"""How features of several kinds are brought together: tensor fusion, co-attention, contrast with a memory."""
