"""Writes of clubs, subscriptions and charges."""
