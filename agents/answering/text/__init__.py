"""Text that was said or read: units, what is asked of them, and the things of each kind that stand in them."""
