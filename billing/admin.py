"""Registers the pages of billing on the back office; Django looks for this module by name."""

from billing.backoffice import (
    accounts,
    invoices,
    organizations,
    plans,
    postings,
    registers,
    settings,
)

__all__ = ["accounts", "invoices", "organizations", "plans", "postings", "registers", "settings"]
