"""Charts drawn on the server, without a script; beside each stands its table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

from payments.analytics.chosen import Chosen
from payments.analytics.figures import ByState, Figures, Total
from payments.analytics.tables import WEEKDAYS, shown

# The plot, in units of its own.
WIDTH, TOP, BASE = 720, 14, 200
MOST_BARS: Final = 92
MOST_CHARTS: Final = 3
_MOST_LABELS: Final = 8
_LEVELS: Final = 5
_CELL: Final = 28


@dataclass(frozen=True, slots=True)
class Bar:
    """What came in one day or month."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Series:
    """What came in, over time, in one currency; `lines` and `labels` are places with words."""

    currency: str
    title: str
    bars: list[Bar]
    lines: list[tuple[float, str]]
    labels: list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class HourCell:
    """One hour of the week; `level` from 0 for none to 5 for the busiest."""

    x: int
    y: int
    level: int
    words: str


def is_by_month(chosen: Chosen, found: Figures) -> bool:
    """Return whether there are more days than bars can show."""
    first, last = _ends(chosen, found)
    return first is not None and last is not None and (last - first).days >= MOST_BARS


def series(chosen: Chosen, found: Figures, rows: list[ByState], *, by_month: bool) -> list[Series]:
    """Return a chart for each of the currencies with most payments; `rows` are days or months."""
    places = _places(chosen, found, by_month=by_month)
    busiest = sorted(found.totals, key=lambda total: (-total.succeeded.count, total.currency))
    return [_one(total, rows, places) for total in busiest[:MOST_CHARTS] if total.succeeded.count]


def _ends(chosen: Chosen, found: Figures) -> tuple[date | None, date | None]:
    """Return the first and the last day; those of the filter count while they are not far off."""
    days = sorted(row.key[0] for row in found.days)
    first = date.fromisoformat(days[0]) if days else chosen.first_day
    last = date.fromisoformat(days[-1]) if days else chosen.last_day
    asked = (chosen.first_day, chosen.last_day)
    if asked[0] and asked[1] and (asked[1] - asked[0]).days < MOST_BARS:
        return asked
    return first, last


def _places(chosen: Chosen, found: Figures, *, by_month: bool) -> list[str]:
    first, last = _ends(chosen, found)
    if first is None or last is None:
        return []
    if not by_month:
        count = (last - first).days + 1
        return [(first + timedelta(days=n)).isoformat() for n in range(count)]
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    months = [divmod(first.year * 12 + first.month - 1 + n, 12) for n in range(count)]
    return [f"{year}-{month + 1:02}" for year, month in months]


def _one(total: Total, rows: list[ByState], places: list[str]) -> Series:
    currency = total.currency
    came = {row.key[0]: row.succeeded.minor for row in rows if row.currency == currency}
    highest = _round_up(max(came.values(), default=0))
    room = WIDTH / max(len(places), 1)
    bars = []
    for number, place in enumerate(places):
        height = round(came.get(place, 0) / highest * (BASE - TOP), 2)
        bars.append(
            Bar(
                round(number * room + room * 0.1, 2),
                round(BASE - height, 2),
                round(room * 0.8, 2),
                height,
                f"{_told(place)}: {shown(came.get(place, 0), currency)}",
            )
        )
    lines = [(TOP + (BASE - TOP) * (1 - n / 2), shown(highest * n // 2, currency)) for n in (1, 2)]
    step = max(1, -(-len(places) // _MOST_LABELS))
    labels = [
        (round((number + 0.5) * room, 2), _short(places[number]))
        for number in range(0, len(places), step)
    ]
    return Series(currency, f"Received in {currency}", bars, lines, labels)


def _told(place: str) -> str:
    if len(place) == 7:
        return f"{date.fromisoformat(place + '-01'):%B %Y}"
    day = date.fromisoformat(place)
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _short(place: str) -> str:
    if len(place) == 7:
        return f"{date.fromisoformat(place + '-01'):%b %y}"
    day = date.fromisoformat(place)
    return f"{day.day} {day:%b}"


def _round_up(minor: int) -> int:
    """Return the next even number of one digit before its zeros, so that scales read well."""
    if minor <= 2:
        return 2
    power = int(10 ** (len(str(minor)) - 1))
    return next(n * power for n in (1, 2, 4, 6, 8, 10) if minor <= n * power and n * power % 2 == 0)


def week(found: Figures) -> list[HourCell]:
    """Return the hours of the week, by how many payments succeeded in whichever currency."""
    counts: dict[tuple[int, int], int] = {}
    for row in found.hours:
        place = (int(row.key[0]), int(row.key[1]))
        counts[place] = counts.get(place, 0) + row.succeeded.count
    most = max(counts.values(), default=0)
    return [
        HourCell(
            x=hour * _CELL,
            y=weekday * _CELL,
            level=_level(counts.get((weekday, hour), 0), most),
            words=f"{WEEKDAYS[weekday]}, {hour:02}:00 to {hour:02}:59:"
            f" {counts.get((weekday, hour), 0)} succeeded",
        )
        for weekday in range(7)
        for hour in range(24)
    ]


def _level(count: int, most: int) -> int:
    if not count:
        return 0
    share = Decimal(count * _LEVELS) / Decimal(most)
    return int(share.to_integral_value(ROUND_CEILING))
