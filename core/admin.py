"""Registers core's pages on the back office; Django looks for this module by name."""

from core.backoffice import access, audit, company, finders, letters, people, platform, webhooks

__all__ = ["access", "audit", "company", "finders", "letters", "people", "platform", "webhooks"]
