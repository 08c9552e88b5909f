"""Verify, rebuild, sweep and forget."""
