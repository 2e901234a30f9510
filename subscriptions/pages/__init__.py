"""Pages of clubs for staff."""
