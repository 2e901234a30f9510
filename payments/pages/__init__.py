"""Pages of payments: the public ones that customers pay on, and those of staff."""
