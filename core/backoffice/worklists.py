"""Worklists: what waits for a person, with counts, on the first page; apps register their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.models import User

_worklists: dict[str, Worklist] = {}


@dataclass(frozen=True, slots=True)
class Worklist:
    """One kind of waiting work.

    `count` is a query that runs in the scope of the company, at a moment; `url` leads to the rows;
    `why` says in a sentence what to do about them. A smaller `order` comes first.
    """

    name: str
    title: str
    count: Callable[[datetime], int]
    url: Callable[[], str]
    why: str
    order: int = 100
    roles: frozenset[str] = frozenset(User.Role.values)


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """A worklist with what it counted."""

    worklist: Worklist
    count: int


def register_worklist(worklist: Worklist) -> None:
    """Add a worklist; the same name again replaces the first one."""
    _worklists[worklist.name] = worklist


def waiting_work(*, user: User, now: datetime) -> list[WaitingWork]:
    """Count the worklists that this person works on, in order; one query each, in scope."""
    seen = [w for w in _worklists.values() if user.is_superuser or user.role in w.roles]
    ordered = sorted(seen, key=lambda worklist: (worklist.order, worklist.title))
    return [WaitingWork(worklist, worklist.count(now)) for worklist in ordered]
