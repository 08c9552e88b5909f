"""Playing videos: files, proxies, frames, pictures for hovering, the shape of the sound."""
