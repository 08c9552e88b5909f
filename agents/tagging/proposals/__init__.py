"""What is frequent in a library and covered by no tag."""
