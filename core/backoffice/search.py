"""Search over rows and pages, for the palette and its page; apps register what they can find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from core.models import User

PER_SEARCHER = 5
MAX_LENGTH = 100

_searchers: dict[str, Searcher] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """One result: `kind` is the group's noun, `detail` a short second line."""

    kind: str
    title: str
    url: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Searcher:
    """A way to find rows of one kind.

    `find(query, limit, user)` runs in the scope of the company and returns at most `limit`.
    """

    name: str
    find: Callable[[str, int, User], Iterable[Found]]
    order: int = 100
    roles: frozenset[str] = frozenset(User.Role.values)


def register_searcher(searcher: Searcher) -> None:
    """Add a searcher; the same name again replaces the first one."""
    _searchers[searcher.name] = searcher


def search(*, query: str, user: User) -> list[Found]:
    """Return what all searchers open to this person find, at most PER_SEARCHER each, in scope."""
    query = " ".join(query.replace("\0", "").split())[:MAX_LENGTH]
    if not query:
        return []
    asked = [s for s in _searchers.values() if user.is_superuser or user.role in s.roles]
    ordered = sorted(asked, key=lambda searcher: (searcher.order, searcher.name))
    answers = [islice(s.find(query, PER_SEARCHER, user), PER_SEARCHER) for s in ordered]
    return [found for answer in answers for found in answer]
