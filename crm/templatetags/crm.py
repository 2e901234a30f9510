"""Show times of the CRM, short ids, and the names of stages and teams."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import template

from core.money import Money
from crm import words

register = template.Library()


@register.filter
def due(when: datetime, now: datetime) -> str:
    """Show a moment as people say it: `{{ task.due_at|due:now }}`."""
    return words.due_words(when, now)


@register.filter
def since(when: datetime, now: datetime) -> str:
    """Show how long ago something was: `3 days`."""
    return words.span_words(now - when)


@register.filter
def short(pk: UUID) -> str:
    """Show the first eight signs of an id."""
    return str(pk)[:8]


@register.filter
def of(names: Mapping[Any, Any], key: Any) -> Any:
    """Show what a mapping has for a key, or the key itself."""
    return names.get(key, key)


@register.filter
def named(ids: Iterable[UUID], names: Mapping[UUID, str]) -> str:
    """Show the names of rows, in order: `{{ lead.team_ids|named:team_names }}`."""
    return ", ".join(sorted(str(names[pk]) for pk in ids if pk in names))


@register.filter
def display(amount: Money) -> str:
    """Show an amount of money."""
    return amount.display()
