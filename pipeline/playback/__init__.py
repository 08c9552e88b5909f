"""What a player needs of a video: a file that plays, exact frames, pictures for hovering, the shape of its sound."""
