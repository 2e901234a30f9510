"""Registers the pages of clubs on the back office; Django looks for this module by name."""

from subscriptions.backoffice import (
    charges,
    clubs,
    finders,
    registers,
    rents,
    settings,
    shop,
    staff,
)

__all__ = ["charges", "clubs", "finders", "registers", "rents", "settings", "shop", "staff"]
