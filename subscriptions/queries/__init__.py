"""Reads of clubs, subscriptions and charges. All of them run in scope."""
