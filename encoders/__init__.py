"""Models: arrays in, arrays or labels out."""
