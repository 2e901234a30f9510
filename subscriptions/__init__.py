"""Clubs and the customers who subscribe to them."""
