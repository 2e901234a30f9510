"""Registers the pages of clubs on the back office; Django looks for this module by name."""

from subscriptions.backoffice import charges, clubs, registers, rents, shop, staff

__all__ = ["charges", "clubs", "registers", "rents", "shop", "staff"]
