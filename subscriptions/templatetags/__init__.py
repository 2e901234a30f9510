"""Template filters of clubs."""
