"""Registers the pages of billing on the back office; Django looks for this module by name."""

from billing.backoffice import organizations

__all__ = ["organizations"]
