"""The documents of conversations, and the numbers of their citations."""
