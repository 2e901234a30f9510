"""Registers core's pages on the back office; Django looks for this module by name."""

from core.backoffice import access, company, finders, letters, people, platform, webhooks

__all__ = ["access", "company", "finders", "letters", "people", "platform", "webhooks"]
