"""What goes together: places with the things that are met there, activities with how they look and sound."""
