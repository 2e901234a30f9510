"""One promise that all rows must keep, as a statement that finds the rows which break it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """A promise. `sql` selects (id, detail) of whatever breaks it; no rows mean that it is kept.

    Parameters that it may use: `since` (a date; older usage and periods are left out), `everything`
    (whether also what is costly to recompute is looked at whole), `currency`, `step` and `smallest`
    (three arrays that tell of the currencies).
    """

    name: str
    says: str
    sql: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What broke a promise: the id of a row and a few words about it."""

    id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a check came out: how many break it, and the first of them."""

    check: Check
    count: int
    findings: tuple[Finding, ...]

    @property
    def is_kept(self) -> bool:
        """Whether nothing breaks the promise."""
        return self.count == 0


def failed(results: Iterable[Result]) -> int:
    """Return how many rows break any promise."""
    return sum(result.count for result in results)
