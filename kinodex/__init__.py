"""Kinodex: understand a library of videos."""
