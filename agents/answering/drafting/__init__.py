"""Claims put together from evidence, without a language model."""
