"""What a door can ask for: a function each, of the store, the encoders and the settings.

No function here prints, reads a command line or knows which door it serves; `kinodex.library.Library` keeps the models
warm for them, and `kinodex.schemas` turns what they return into documents.
"""
