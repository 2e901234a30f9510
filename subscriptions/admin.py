"""Registers the pages of clubs on the back office; Django looks for this module by name."""

from subscriptions.backoffice import charges, clubs, registers, shop, staff

__all__ = ["charges", "clubs", "registers", "shop", "staff"]
