"""What core does to its rows: tenants, API keys, tokens."""
