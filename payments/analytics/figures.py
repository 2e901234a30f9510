"""The figures of analytics, as pages, files and the API show them; see the package for meanings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from payments.analytics.chosen import Chosen
from payments.analytics.statement import Cell, cells

Key = Callable[[Cell], tuple[str, ...]]

SUCCEEDED, PENDING, FAILED = "succeeded", "pending", "failed"
STATES: Final = (SUCCEEDED, PENDING, FAILED)
_EPOCH: Final = date(1970, 1, 1)
# What Stripe holds back, and what it has taken for good.
OPEN_DISPUTES: Final = ("needs_response", "under_review")
LOST_DISPUTE: Final = "lost"
INQUIRIES: Final = ("warning_needs_response", "warning_under_review", "warning_closed")


@dataclass(slots=True)
class Tally:
    """How many, and their sum in minor units."""

    count: int = 0
    minor: int = 0

    def add(self, cell: Cell) -> None:
        """Take a cell in."""
        self.count += cell.count
        self.minor += cell.minor


def _tallies() -> defaultdict[str, Tally]:
    return defaultdict(Tally)


@dataclass(slots=True)
class ByState:
    """Payments of one currency and one place in a table, by what became of them."""

    currency: str
    key: tuple[str, ...] = ()
    states: defaultdict[str, Tally] = field(default_factory=_tallies)

    @property
    def succeeded(self) -> Tally:
        """What came."""
        return self.states[SUCCEEDED]

    @property
    def pending(self) -> Tally:
        """What is on its way."""
        return self.states[PENDING]

    @property
    def failed(self) -> Tally:
        """What did not come."""
        return self.states[FAILED]

    @property
    def count(self) -> int:
        """How many payments there are in all."""
        return sum(tally.count for tally in self.states.values())


@dataclass(slots=True)
class Total(ByState):
    """All of one currency. `standings` are of succeeded payments, `refunds` by state."""

    standings: defaultdict[str, Tally] = field(default_factory=_tallies)
    waiting: Tally = field(default_factory=Tally)
    refunds: defaultdict[str, Tally] = field(default_factory=_tallies)
    disputes: defaultdict[str, Tally] = field(default_factory=_tallies)

    @property
    def unexpected(self) -> Tally:
        """Return what came late, twice or not as asked for; part of what was received."""
        return _sum(self.standings, ("late", "surplus", "mismatched"))

    @property
    def refunded(self) -> Tally:
        """Return what has left: succeeded, or on its way at the bank."""
        return _sum(self.refunds, ("succeeded", "pending"))

    @property
    def disputed(self) -> Tally:
        """Return what disputes take: open ones for now, lost ones for good."""
        return _sum(self.disputes, (*OPEN_DISPUTES, LOST_DISPUTE))

    @property
    def inquiries(self) -> Tally:
        """Return what banks only ask about; nothing was taken."""
        return _sum(self.disputes, INQUIRIES)

    @property
    def net_minor(self) -> int:
        """Return received, less what was refunded, less what disputes take; before fees."""
        return self.succeeded.minor - self.refunded.minor - self.disputed.minor


def _sum(tallies: defaultdict[str, Tally], names: Iterable[str]) -> Tally:
    found = [tallies[name] for name in names if name in tallies]
    return Tally(sum(one.count for one in found), sum(one.minor for one in found))


@dataclass(slots=True)
class LinkUse:
    """How a link was used: views of its page, checkouts opened, payments that succeeded."""

    link_id: UUID | None
    views: int = 0
    checkouts: int = 0
    paid: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """All tables. Rows stand in order; places where nothing happened have none.

    `hours` have the keys (weekday 0 to 6 from Monday, hour 0 to 23), `methods` (method, brand),
    the others one. `links` are in order of use.
    """

    totals: list[Total]
    days: list[ByState]
    hours: list[ByState]
    methods: list[ByState]
    sources: list[ByState]
    declines: list[ByState]
    links: list[LinkUse]

    @property
    def funnel(self) -> LinkUse:
        """Return the use of all links together."""
        return LinkUse(
            None,
            sum(one.views for one in self.links),
            sum(one.checkouts for one in self.links),
            sum(one.paid for one in self.links),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all happened."""
        return not self.totals and not self.links


def figures(chosen: Chosen, *, zone: ZoneInfo) -> Figures:
    """Return the figures of what is chosen, out of one statement. In scope."""
    parts: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells(chosen, zone):
        parts[cell.part].append(cell)
    return Figures(
        totals=_totals(parts),
        days=_sorted(parts["day"], lambda cell: (day_of(cell.first).isoformat(),)),
        hours=_sorted(parts["hour"], _hour),
        methods=_by_size(parts["method"], lambda cell: (cell.first, cell.second)),
        sources=_by_size(parts["source"], lambda cell: (cell.first,)),
        declines=_by_size(
            [cell for cell in parts["decline"] if cell.state == FAILED], lambda cell: (cell.first,)
        ),
        links=_links(parts),
    )


def day_of(number: str) -> date:
    """Return the date of a day counted from 1970 on."""
    return _EPOCH + timedelta(days=int(number))


def _hour(cell: Cell) -> tuple[str, ...]:
    weekday, hour = divmod(int(cell.first), 24)
    return (str(weekday), f"{hour:02}")


def _rows(found: list[Cell], key: Key) -> dict[tuple[str, ...], ByState]:
    rows: dict[tuple[str, ...], ByState] = {}
    for cell in found:
        place = key(cell)
        row = rows.setdefault((*place, cell.currency), ByState(cell.currency, place))
        row.states[cell.state].add(cell)
    return rows


def _sorted(found: list[Cell], key: Key) -> list[ByState]:
    rows = _rows(found, key)
    return [rows[place] for place in sorted(rows)]


def _by_size(found: list[Cell], key: Key) -> list[ByState]:
    rows = _rows(found, key)
    return sorted(rows.values(), key=lambda row: (-row.count, row.currency, row.key))


def _totals(parts: dict[str, list[Cell]]) -> list[Total]:
    rows: dict[str, Total] = {}
    for cell in parts["state"]:
        total = rows.setdefault(cell.currency, Total(cell.currency))
        total.states[cell.state].add(cell)
        if cell.state == SUCCEEDED:
            standing, _, waits = cell.first.partition(" ")
            total.standings[standing].add(cell)
            if waits:
                total.waiting.add(cell)
    for cell in parts["refund"]:
        rows.setdefault(cell.currency, Total(cell.currency)).refunds[cell.state].add(cell)
    for cell in parts["dispute"]:
        rows.setdefault(cell.currency, Total(cell.currency)).disputes[cell.state].add(cell)
    return [rows[currency] for currency in sorted(rows)]


def _links(parts: dict[str, list[Cell]]) -> list[LinkUse]:
    uses: dict[str, LinkUse] = {}
    for name in ("views", "checkouts", "paid"):
        for cell in parts[name]:
            if cell.first:
                use = uses.setdefault(cell.first, LinkUse(UUID(cell.first)))
                setattr(use, name, getattr(use, name) + cell.count)  # one cell a currency
    return sorted(
        uses.values(), key=lambda use: (-use.views, -use.checkouts, -use.paid, str(use.link_id))
    )
