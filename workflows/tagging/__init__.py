"""Tagging many videos: what is left to decide, by threads or on Ray, and one commit of it all."""
