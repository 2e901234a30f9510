"""How moments are written: as the data model writes them, or as days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from core.periods import start_of_day

_BAD_MOMENT = "Give a moment such as 2019-02-18T12:25:56.563000; without a zone it is UTC."


def moment(text: str) -> datetime:
    """Return an ISO moment as UTC; one without a zone is UTC already. Raises ValueError."""
    if len(text) > 40 or "T" not in text.upper() or not text.isascii():
        raise ValueError(_BAD_MOMENT)
    try:
        found = datetime.fromisoformat(text.upper())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_BAD_MOMENT) from None


def moment_or_day(text: str, zone: ZoneInfo) -> datetime:
    """Return a moment; of a day, its first one in `zone`. Raises ValueError."""
    if len(text) != 10:
        return moment(text)
    try:
        return start_of_day(date.fromisoformat(text), zone)
    except ValueError:
        raise ValueError("Give a day such as 2026-03-31, or a moment.") from None
