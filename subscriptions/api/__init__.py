"""The HTTP API of clubs."""
