"""Decoding in a child process with limits."""
