"""Language models that see: a visual front end before a Hugging Face causal language model, and its answers as text."""
