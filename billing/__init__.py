"""Usage billing: meter and rate here, push only finished invoices to Stripe."""
