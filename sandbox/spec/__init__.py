"""Stripe's OpenAPI file, cut to the operations this sandbox answers."""
