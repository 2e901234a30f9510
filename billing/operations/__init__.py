"""Writes of billing: one noun a file."""
