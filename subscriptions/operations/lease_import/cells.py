"""The cells of one row: cleaned by rule, with a finding for each rule that touched one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.currencies import get_currency
from core.money import round_half_up
from subscriptions.operations.lease_import.columns import Layout
from subscriptions.operations.lease_import.rules import Finding, finding

_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?)?(Z|\+00:?00)?"
)
_BLANKS = re.compile(r"\s{2,}")
_GARBLED = re.compile("[\u00c2\u00c3][\u0080-\u00bf\u2018-\u2022\u0152-\u0178]")
_LARGEST_INTEGER = 2**31 - 1
_LARGEST_MINOR = 10**14
_YEARS = range(1900, 2200)
_YES, _NO = frozenset({"1", "true", "yes", "y"}), frozenset({"0", "false", "no", "n", ""})


class Cells:
    """Reads the fields of one row; `findings` gathers what was odd."""

    __slots__ = ("findings", "layout", "source_id", "values")

    def __init__(self, layout: Layout, values: list[str | None]) -> None:
        self.layout = layout
        self.values = values
        self.findings: list[Finding] = []
        self.source_id = ""

    def tell(self, field: str, rule: str, *, wrong: str = "", done: str = "") -> None:
        """Note that a rule touched a field."""
        column = self.layout.names.get(field, field)
        self.findings.append(
            finding(self.layout.table, self.source_id, column, rule, wrong=wrong, done=done)
        )

    def has(self, field: str) -> bool:
        """Return whether the table has this column at all."""
        return field in self.layout.at

    def raw(self, field: str) -> str | None:
        """Return a cell as it is; None for NULL, for the text NULL, and for no such column."""
        place = self.layout.at.get(field)
        if place is None:
            return None
        value = self.values[place]
        if value is not None and value.strip() == "NULL":
            self.tell(field, "null-as-text")
            return None
        return value

    def text(self, field: str, longest: int) -> str:
        """Return a text without blanks around it, cut to `longest`; empty for NULL."""
        value = self.raw(field)
        if not value:
            return ""
        clean = value.strip()
        if clean != value or "  " in clean:
            self.tell(field, "blanks-around")
            clean = _BLANKS.sub(" ", clean)
        if not clean.isascii() and _GARBLED.search(clean):
            self.tell(field, "letters-garbled")
        if len(clean) > longest:
            self.tell(field, "text-too-long")
            clean = clean[:longest]
        return clean.replace("\x00", "")

    def key(self, field: str, longest: int = 64) -> str:
        """Return an id, without blanks around it."""
        value = (self.raw(field) or "").strip()
        return value[:longest].replace("\x00", "")

    def flag(self, field: str, *, default: bool = False) -> bool:
        """Return a yes or no."""
        value = self.raw(field)
        if value is None:
            return default
        word = value.strip().lower()
        if word in _YES:
            return True
        if word not in _NO:
            self.tell(field, "flag-unreadable")
        return False

    def integer(self, field: str, largest: int = _LARGEST_INTEGER) -> int | None:
        """Return a whole number."""
        found = self.decimal(field)
        if found is None:
            return None
        if found != found.to_integral_value() or abs(found) > largest:
            self.tell(field, "number-unreadable")
            return None
        return int(found)

    def decimal(self, field: str) -> Decimal | None:
        """Return a number; None for NULL and for what is none."""
        value = self.raw(field)
        if value is None or not value.strip():
            return None
        try:
            found = Decimal(value.strip())
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            self.tell(field, "number-unreadable")
            return None
        return found

    def minor(self, field: str, currency: str) -> int | None:
        """Return an amount of major units in minor units of `currency`."""
        found = self.decimal(field)
        if found is None:
            return None
        exact = found.scaleb(get_currency(currency).exponent)
        if abs(exact) > _LARGEST_MINOR:
            self.tell(field, "number-unreadable")
            return None
        minor = int(exact)
        if minor != exact or minor % get_currency(currency).step:
            minor = round_half_up(exact, currency).minor
            self.tell(field, "amount-rounded")
        if minor < 0:
            self.tell(field, "amount-negative")
        return minor

    def day(self, field: str, zone: ZoneInfo | None = None) -> date | None:
        """Return the day of a date or, in `zone`, of a moment in UTC.

        A moment of exactly midnight is how programs write a date that has no time: it is not
        moved into the zone.
        """
        value = self.raw(field)
        if value is None or not value.strip():
            return None
        if value.startswith("0000-00-00"):
            self.tell(field, "date-zero")
            return None
        moment = _moment(value.strip())
        if moment is None:
            self.tell(field, "date-unreadable")
            return None
        if zone is None or not (moment.hour or moment.minute or moment.second):
            return moment.date()
        local = moment.astimezone(zone).date()
        if local != moment.date():
            self.tell(field, "day-by-zone", done=f"Taken as {local}.")
        return local

    def rest(self) -> dict[str, str | None]:
        """Return the columns that have no field here, by their own names."""
        return {name: _kept(self.values[place]) for place, name in self.layout.rest}


def _kept(value: str | None) -> str | None:
    return value if value is None or "\x00" not in value else value.replace("\x00", "")


@lru_cache(maxsize=8192)
def _moment(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    parts = [int(part or 0) for part in found.groups()[:6]]
    if parts[0] not in _YEARS:
        return None
    try:
        return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
