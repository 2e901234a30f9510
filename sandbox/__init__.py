"""A local stand-in for the part of Stripe's HTTP API that Taproom uses."""
