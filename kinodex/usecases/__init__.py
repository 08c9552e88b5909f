"""What Kinodex can do: a function each, of the store, the encoders and the settings.

No function here prints, reads a command line or knows who calls it; `kinodex.library.Library` keeps the models
warm for them, and `kinodex.schemas` turns what they return into documents.
"""
