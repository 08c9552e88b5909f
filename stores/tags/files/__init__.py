"""Vocabularies as files: tables, lists of names, JSON and SKOS."""
