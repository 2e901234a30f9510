"""Bars by day, drawn on the server: no script, and a table with the same figures beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing import words

# The plot, in units of its own.
WIDTH, TOP, BASE = 720, 12, 200
# Labels below that many of them fit.
_MOST_LABELS = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: its rectangle, what it shows, and whether the day is not over yet."""

    day: date
    x: float
    y: float
    width: float
    height: float
    shown: str
    is_today: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the template draws; `lines` are heights with their labels, `labels` days."""

    bars: list[Bar]
    lines: list[tuple[float, str]]
    labels: list[tuple[float, str]]
    title: str

    @property
    def total_height(self) -> int:
        """The height with room for labels."""
        return BASE + 40


def chart_of(
    days: Mapping[date, Decimal | int],
    since: date,
    until: date,
    *,
    title: str,
    show: Callable[[Decimal], str],
    today: date | None = None,
) -> Chart:
    """Return a bar for each day of `[since, until)`; values below zero stand as none."""
    count = max((until - since).days, 1)
    room = WIDTH / count
    highest = _round_up(max([Decimal(0), *(Decimal(value) for value in days.values())]))
    bars = []
    for place in range(count):
        day = since + timedelta(days=place)
        value = Decimal(days.get(day, 0))
        height = float(max(value, Decimal(0)) / highest) * (BASE - TOP)
        bars.append(
            Bar(
                day,
                round(place * room + room * 0.12, 2),
                round(BASE - height, 2),
                round(room * 0.76, 2),
                round(height, 2),
                f"{words.day(day)}: {show(value)}",
                day == today,
            )
        )
    lines = [(TOP + (BASE - TOP) * (1 - n / 2), show(highest * n / 2)) for n in (1, 2)]
    return Chart(bars, lines, _labels(since, count, room), title)


def _labels(since: date, count: int, room: float) -> list[tuple[float, str]]:
    step = max(1, -(-count // _MOST_LABELS))
    return [
        (round((place + 0.5) * room, 2), str((since + timedelta(days=place)).day))
        for place in range(0, count, step)
    ]


def _round_up(value: Decimal) -> Decimal:
    """Return the next number of one digit that is 1, 2, 4, 6 or 8, so that scales read well."""
    if value <= 0:
        return Decimal(1)
    power = Decimal(1).scaleb(value.adjusted())
    return next(n * power for n in (1, 2, 4, 6, 8, 10) if value <= n * power)
