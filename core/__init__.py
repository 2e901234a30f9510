"""What every other app stands on: tenants, people, money, the API conventions, jobs."""
