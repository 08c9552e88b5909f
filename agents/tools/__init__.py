"""Typed, bounded look-ups in one library, for the rules and for language models alike."""
