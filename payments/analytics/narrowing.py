"""From a filter to the conditions of a statement, over names of ours alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.currencies import CURRENCIES
from core.periods import start_of_day
from payments.analytics.chosen import UNKNOWN, Bound, Chosen

# The index payment_by_moment holds this expression.
MOMENT = "coalesce(p.paid_at, p.created_at)"
SOURCE = "coalesce(c.kind, 'link')"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Conditions on payments `p` (joined to `c`), checkouts `c` and days of views `v`."""

    payments: str
    checkouts: str
    views: str
    values: dict[str, Any] = field(default_factory=dict)


def narrow(chosen: Chosen, zone: ZoneInfo) -> Narrowed:
    """Return the conditions of a filter, with the values that they name."""
    since, until = bounds(chosen, zone)
    return Narrowed(
        payments=_all(_of_payments(chosen)),
        checkouts=_all(_of_checkouts(chosen)),
        views=_all(_of_views(chosen)),
        values={
            "since": since,
            "until": until,
            "first_day": chosen.first_day,
            "last_day": chosen.last_day,
            "currency": chosen.currency,
            "method": "" if chosen.method == UNKNOWN else chosen.method,
            "source": chosen.source,
            "link": chosen.link,
            "zero_decimals": [code for code, unit in CURRENCIES.items() if unit.exponent == 0],
            "three_decimals": [code for code, unit in CURRENCIES.items() if unit.exponent == 3],
            **_minor("least", chosen.least),
            **_minor("most", chosen.most),
        },
    )


def bounds(chosen: Chosen, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the moments at which the first day starts and the last one is over."""
    since = start_of_day(chosen.first_day, zone) if chosen.first_day else None
    until = start_of_day(chosen.last_day + timedelta(days=1), zone) if chosen.last_day else None
    return since, until


def _minor(name: str, bound: Bound | None) -> dict[str, int]:
    if bound is None:
        return {}
    return {f"{name}_0": bound.zero, f"{name}_2": bound.two, f"{name}_3": bound.three}


def _all(conditions: Iterator[str]) -> str:
    return " AND ".join(conditions) or "true"


def _of_payments(chosen: Chosen) -> Iterator[str]:
    if chosen.first_day:
        yield f"{MOMENT} >= %(since)s"
    if chosen.last_day:
        yield f"{MOMENT} < %(until)s"
    if chosen.method:
        yield "p.method = %(method)s"
    if chosen.source:
        yield f"{SOURCE} = %(source)s"
    if chosen.link:
        yield "p.link_id = %(link)s"
    yield from _of_amounts(chosen, "p")


def _of_checkouts(chosen: Chosen) -> Iterator[str]:
    yield from _of_links(chosen)
    if chosen.first_day:
        yield "c.created_at >= %(since)s"
    if chosen.last_day:
        yield "c.created_at < %(until)s"
    if chosen.link:
        yield "c.link_id = %(link)s"
    yield from _of_amounts(chosen, "c")


def _of_views(chosen: Chosen) -> Iterator[str]:
    yield from _of_links(chosen)
    if chosen.first_day:
        yield "v.day >= %(first_day)s"
    if chosen.last_day:
        yield "v.day <= %(last_day)s"
    if chosen.link:
        yield "v.link_id = %(link)s"


def _of_links(chosen: Chosen) -> Iterator[str]:
    if chosen.source not in {"", "link"}:
        yield "false"  # only links have views


def _of_amounts(chosen: Chosen, table: str) -> Iterator[str]:
    if chosen.currency:
        yield f"{table}.currency = %(currency)s"
    for name, bound, sign in (("least", chosen.least, ">="), ("most", chosen.most, "<=")):
        if bound is not None:
            yield (
                f"{table}.amount_minor {sign} CASE"
                f" WHEN {table}.currency = ANY(%(zero_decimals)s) THEN %({name}_0)s"
                f" WHEN {table}.currency = ANY(%(three_decimals)s) THEN %({name}_3)s"
                f" ELSE %({name}_2)s END"
            )
