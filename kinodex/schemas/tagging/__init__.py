"""What batches of tagging, and reports of them, print."""
