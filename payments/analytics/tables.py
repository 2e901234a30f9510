"""The figures as tables: the same ones on the page, beside each chart, and in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from core.currencies import CURRENCIES, CurrencyRefused
from core.money import Money
from payments.analytics.chosen import UNKNOWN
from payments.analytics.figures import (
    LOST_DISPUTE,
    OPEN_DISPUTES,
    ByState,
    Figures,
    LinkUse,
    Tally,
    Total,
)
from payments.words import paid_with

WEEKDAYS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip

TEXT, COUNT, MONEY = "text", "count", "money"
SOURCES: Final = {"link": "Payment link"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what stands above it, and what it holds: texts, counts or minor units."""

    label: str
    holds: str = TEXT


@dataclass(frozen=True, slots=True)
class Line:
    """One row. Amounts are minor units of `currency`; `link_id` leads to a link's page.

    `share` is how long its bar is, of 100.
    """

    cells: tuple[str | int, ...]
    currency: str = ""
    link_id: UUID | None = None
    share: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A table under its name, by which its file is asked for."""

    name: str
    title: str
    columns: tuple[Column, ...]
    lines: list[Line] = field(default_factory=list)
    has_bars: bool = False

    @property
    def head(self) -> list[str]:
        """The first row of its file: amounts stand there twice, to read and to reckon with."""
        return [
            label
            for column in self.columns
            for label in (
                [column.label, f"{column.label}, minor units"]
                if column.holds == MONEY
                else [column.label]
            )
        ]

    def records(self) -> Iterable[list[object]]:
        """Yield the rows of its file."""
        for line in self.lines:
            yield [
                cell
                for column, value in zip(self.columns, line.cells, strict=True)
                for cell in (
                    [major(int(value), line.currency), value] if column.holds == MONEY else [value]
                )
            ]


def major(minor: int, currency: str) -> Decimal:
    """Return an amount in the currency's whole units; minor units where it is not known."""
    unit = CURRENCIES.get(currency)
    return Decimal(minor).scaleb(-unit.exponent) if unit else Decimal(minor)


def shown(minor: int, currency: str) -> str:
    """Show an amount; one in a currency that is not taken here, in its smallest unit."""
    try:
        return Money(minor, currency).display()
    except CurrencyRefused:
        return f"{minor} {currency} (smallest unit)"


_STATES: Final = (
    Column("Success", COUNT),
    Column("Received", MONEY),
    Column("Pending", COUNT),
    Column("Pending amount", MONEY),
    Column("Failure", COUNT),
    Column("Failed amount", MONEY),
)
_CURRENCY: Final = Column("Currency")


def _of_states(row: ByState) -> tuple[str | int, ...]:
    states = (row.succeeded, row.pending, row.failed)
    return tuple(value for tally in states for value in (tally.count, tally.minor))


def _state_lines(
    rows: list[ByState], words: Callable[[tuple[str, ...]], tuple[str, ...]]
) -> list[Line]:
    most = max((row.count for row in rows), default=0)
    return [
        Line(
            (*words(row.key), row.currency, *_of_states(row)),
            row.currency,
            share=_share(row.count, most),
        )
        for row in rows
    ]


def _share(part: int, whole: int) -> int:
    """Return a bar's length of 100; what is there at all has one that can be seen."""
    return max(round(100 * part / whole), 1) if part and whole else 0


def totals_table(totals: list[Total]) -> Table:
    """Return all figures of each currency."""
    lines = [
        Line((name, total.currency, tally.count, tally.minor), total.currency)
        for total in totals
        for name, tally in lines_of(total)
    ]
    columns = (Column("Figure"), _CURRENCY, Column("Count", COUNT), Column("Amount", MONEY))
    return Table("totals", "Totals", columns, lines)


def lines_of(total: Total) -> list[tuple[str, Tally]]:
    """Return the figures of one currency by name; the net one counts nothing of its own."""
    disputes = total.disputes
    return [
        ("Received", total.succeeded),
        ("Pending", total.pending),
        ("Failed", total.failed),
        ("Received unexpectedly", total.unexpected),
        ("Unexpected, waiting for a decision", total.waiting),
        ("Refunded", total.refunded),
        ("Refunds asked for, not sent yet", total.refunds["requested"]),
        ("Refunds that failed", total.refunds["failed"]),
        ("Disputes, open", _both(disputes[name] for name in OPEN_DISPUTES)),
        ("Disputes, lost", disputes[LOST_DISPUTE]),
        ("Disputes, won", disputes["won"]),
        ("Disputes, prevented", disputes["prevented"]),
        ("Inquiries of banks", total.inquiries),
        ("Net", Tally(total.succeeded.count, total.net_minor)),
    ]


def _both(tallies: Iterable[Tally]) -> Tally:
    found = list(tallies)
    return Tally(sum(one.count for one in found), sum(one.minor for one in found))


def days_table(rows: list[ByState], *, by_month: bool = False) -> Table:
    """Return payments by day, or by month."""
    label, words = ("Month", _month) if by_month else ("Day", _day)
    lines = _state_lines(rows, words)
    return Table(
        "days", f"Payments by {label.lower()}", (Column(label), _CURRENCY, *_STATES), lines
    )


def _day(key: tuple[str, ...]) -> tuple[str, ...]:
    return key


def _month(key: tuple[str, ...]) -> tuple[str, ...]:
    return (f"{date.fromisoformat(key[0] + '-01'):%B %Y}",)


def months_of(days: list[ByState]) -> list[ByState]:
    """Return the days added up by month, in order; each currency by itself."""
    months: dict[tuple[str, str], ByState] = {}
    for day in days:
        month = day.key[0][:7]
        row = months.setdefault((month, day.currency), ByState(day.currency, (month,)))
        for state, tally in day.states.items():
            row.states[state].count += tally.count
            row.states[state].minor += tally.minor
    return [months[place] for place in sorted(months)]


def hours_table(found: Figures) -> Table:
    """Return payments by weekday and hour of the company's clocks."""
    lines = _state_lines(
        found.hours, lambda key: (WEEKDAYS[int(key[0])], f"{key[1]}:00 to {key[1]}:59")
    )
    columns = (Column("Weekday"), Column("Hour"), _CURRENCY, *_STATES)
    return Table("hours", "Payments by hour of the week", columns, lines)


def methods_table(found: Figures) -> Table:
    """Return payments by method, cards by brand."""
    lines = _state_lines(found.methods, lambda key: (method_words(*key),))
    columns = (Column("Method"), _CURRENCY, *_STATES)
    return Table("methods", "How people pay", columns, lines, has_bars=True)


def method_words(method: str, brand: str = "") -> str:
    """Return a method as people call it, cards with their brand."""
    return paid_with(method=method, brand=brand, last4="") if method else "Not known"


def sources_table(found: Figures) -> Table:
    """Return payments by what was paid for."""
    lines = _state_lines(found.sources, lambda key: (source_words(key[0]),))
    columns = (Column("Paid for"), _CURRENCY, *_STATES)
    return Table("sources", "What is paid for", columns, lines, has_bars=True)


def source_words(kind: str) -> str:
    """Return a kind of thing to pay as people call it."""
    return SOURCES.get(kind, kind.replace("_", " ").capitalize())


def declines_table(found: Figures) -> Table:
    """Return why payments failed."""
    most = max((row.count for row in found.declines), default=0)
    lines = [
        Line(
            (decline_words(row.key[0]), row.currency, row.failed.count, row.failed.minor),
            row.currency,
            share=_share(row.count, most),
        )
        for row in found.declines
    ]
    columns = (Column("Reason"), _CURRENCY, Column("Failure", COUNT), Column("Amount", MONEY))
    return Table("declines", "Why payments fail", columns, lines, has_bars=True)


def decline_words(code: str) -> str:
    """Return Stripe's code as words for staff; the code itself is what support asks for."""
    return (code or UNKNOWN).replace("_", " ").capitalize()


def links_table(uses: list[LinkUse], titles: Mapping[UUID, str]) -> Table:
    """Return how links were used; `titles` are those of the links that are shown."""
    most = max((use.views for use in uses), default=0)
    lines = [
        Line(
            (
                titles.get(use.link_id, "") if use.link_id else "",
                use.views,
                use.checkouts,
                use.paid,
            ),
            link_id=use.link_id,
            share=_share(use.views, most),
        )
        for use in uses
    ]
    counted = (Column("Views", COUNT), Column("Checkouts", COUNT), Column("Paid", COUNT))
    return Table("links", "From view to payment", (Column("Link"), *counted), lines, has_bars=True)


def table_of(name: str, found: Figures, titles: Mapping[UUID, str]) -> Table:
    """Return a table by its name, days by day. Raises KeyError for a name of none."""
    makers: dict[str, Callable[[], Table]] = {
        "totals": lambda: totals_table(found.totals),
        "days": lambda: days_table(found.days),
        "hours": lambda: hours_table(found),
        "methods": lambda: methods_table(found),
        "sources": lambda: sources_table(found),
        "declines": lambda: declines_table(found),
        "links": lambda: links_table(found.links, titles),
    }
    return makers[name]()
