"""Losses and steps that train models. Nothing here knows Ray."""
