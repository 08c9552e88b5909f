"""How frame vectors become one vector of a clip or a video."""
