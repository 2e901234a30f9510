"""The admin pages of billing."""
