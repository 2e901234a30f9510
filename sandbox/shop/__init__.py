"""A stand-in for the shop that charges customers and sends their orders."""
