"""A library made on the spot, whose truth is known, and what people would ask about it."""
