"""Training the head that tells photographs, drawings, renderings and screens apart."""
