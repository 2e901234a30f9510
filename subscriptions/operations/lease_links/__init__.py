"""Link residents, rooms and leases with their objects at Stripe."""
