"""Push finished invoices to the sandbox at Stripe's limits, through faults and kills if wanted."""
