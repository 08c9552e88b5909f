"""Claims from what models recognised: what is seen, and what is heard."""
