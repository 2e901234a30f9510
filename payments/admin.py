"""Registers the pages of payments on the back office; Django looks for this module by name."""

from payments import mirror_admin
from payments.backoffice import links, onboarding, payments, registers, safety, stripe

__all__ = ["links", "mirror_admin", "onboarding", "payments", "registers", "safety", "stripe"]
