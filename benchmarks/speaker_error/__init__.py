"""How wrong turns of speakers are."""
