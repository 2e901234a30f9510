"""Pages of the usage portal, for customers without a login."""
