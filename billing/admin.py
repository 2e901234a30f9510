"""Registers the pages of billing on the back office; Django looks for this module by name."""

from billing.backoffice import accounts, organizations, plans, registers

__all__ = ["accounts", "organizations", "plans", "registers"]
