"""The REST API of payments, and the address at which Stripe delivers its events."""
