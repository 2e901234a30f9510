"""What was sent, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["usage", "replace", "void"]
Word = Literal["accepted", "duplicate", "conflict", "rejected"]
WORDS: tuple[Word, ...] = ("accepted", "duplicate", "conflict", "rejected")


@dataclass(slots=True)
class Sent:
    """An event whose fields can be read; whether they fit a meter is not known yet.

    `organization` and `meter` are an id or a code. Corrections may leave out what stays: then
    `quantity`, `time`, `dimensions`, `organization` and `meter` are None.
    """

    key: str
    organization: str | None
    meter: str | None
    quantity: Decimal | None
    time: datetime | None
    dimensions: dict[str, str] | None
    kind: Kind = "usage"
    corrects: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Refused:
    """An event that cannot be taken: why, and in which field (none: the event as a whole)."""

    key: str | None
    reason: str
    field: str = ""


class Unacceptable(Exception):
    """One event, or one of its fields, breaks a rule; the text says which and what to send."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.field = field

    def of(self, key: str | None) -> Refused:
        """Return it as what became of the event `key`."""
        return Refused(key, str(self), self.field)


class Verdict(msgspec.Struct, omit_defaults=True):
    """What became of the event at `index`; `pointer` is a JSON pointer to the field meant."""

    index: int
    idempotency_key: str | None
    verdict: Word
    reason: str | None = None
    pointer: str | None = None


@dataclass(slots=True)
class Counts:
    """How many events got which verdict."""

    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: int = 0

    def by_word(self) -> dict[str, int]:
        """Return the counts by verdict."""
        return {word: getattr(self, word) for word in WORDS}

    def add(self, verdicts: list[Verdict]) -> None:
        """Count some more."""
        for word, count in Counter([one.verdict for one in verdicts]).items():
            setattr(self, word, getattr(self, word) + count)


def rejected(index: int, refused: Refused) -> Verdict:
    """Return the verdict over an event that cannot be taken."""
    pointer = f"/{index}/{_escaped(refused.field)}" if refused.field else f"/{index}"
    return Verdict(index, refused.key, "rejected", refused.reason, pointer)


def _escaped(path: str) -> str:
    # Half characters cannot be sent back.
    return path.encode("utf-8", "replace").decode()
