"""Payment links, checkouts, payments and refunds; everything that speaks with Stripe."""
