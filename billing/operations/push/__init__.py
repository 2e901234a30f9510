"""A finished invoice goes to Stripe: claimed, called for, recorded, one push a turn."""
