"""Pages of billing, of staff and of customers."""
