"""What a library gives to other programs: pure functions from what it knows to the bytes of a file, and back."""
