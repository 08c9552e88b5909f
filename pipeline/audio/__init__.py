"""The audio pass: speech activity and transcripts."""
