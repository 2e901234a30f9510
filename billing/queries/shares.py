"""Which app and which day a line's amount comes from: parts that add up to the line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from billing.models import Organization
from billing.queries.explaining import LineLike
from core.money import Money, SplitInvalid

Key = TypeVar("Key")

# The dimension that tells apps apart, where a meter has one.
APP = "app"

# The same days and buckets that billing.queries.charges rates, told by app and by day.
_WEIGHTS = """
WITH line AS (
    SELECT * FROM unnest(%(price)s::uuid[], %(starts_on)s::date[], %(ends_on)s::date[])
        AS t(price_id, starts_on, ends_on)),
used AS (
    SELECT l.price_id, m.aggregation, b.day, b.dimensions ->> %(app)s AS app,
        greatest(b.quantity, 0) AS quantity
    FROM line l
    JOIN billing_price p ON p.id = l.price_id
    JOIN billing_meter m ON m.id = p.meter_id
    JOIN billing_usagebucket b ON b.organization_id = %(organization)s AND b.meter_id = p.meter_id
        AND b.day >= l.starts_on AND b.day < l.ends_on AND b.events > 0
        AND (p.filter_dimension = '' OR b.dimensions ->> p.filter_dimension = p.filter_value)
    WHERE p.filter_dimension <> '' OR NOT EXISTS (
        SELECT FROM billing_price f WHERE f.version_id = p.version_id AND f.meter_id = p.meter_id
        AND f.filter_dimension <> '' AND b.dimensions ->> f.filter_dimension = f.filter_value
        AND b.day >= f.starts_on AND (f.ends_on IS NULL OR b.day < f.ends_on)))
SELECT price_id, day, app, grouping(day) = 0,
    CASE WHEN min(aggregation) IN ('sum', 'count') THEN sum(quantity) ELSE max(quantity) END
FROM used GROUP BY GROUPING SETS ((price_id, day), (price_id, app))
"""


@dataclass(slots=True)
class Weights:
    """How much of a price's usage fell on each day and came from each app ("" without one)."""

    by_day: dict[date, Decimal] = field(default_factory=dict)
    by_app: dict[str, Decimal] = field(default_factory=dict)


def weights_of(organization: Organization, lines: Iterable[LineLike]) -> dict[UUID, Weights]:
    """Return the weights of prices that have a usage line of their own period."""
    found: dict[UUID, Weights] = defaultdict(Weights)
    usage = [line for line in lines if line.kind == "usage"]
    if not usage:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            _WEIGHTS,
            {
                "organization": organization.pk,
                "app": APP,
                "price": [line.source_id for line in usage],
                "starts_on": [line.starts_on for line in usage],
                "ends_on": [line.ends_on for line in usage],
            },
        )
        for price_id, day, app, is_day, quantity in cursor.fetchall():
            if is_day:
                found[price_id].by_day[day] = quantity
            else:
                found[price_id].by_app[app or ""] = quantity
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """A name and what it came to."""

    name: str
    minor: int


def by_product(lines: Iterable[LineLike]) -> list[Part]:
    """Add lines up by product, largest first; settling lines stand by their own kind, last."""
    charges: dict[str, int] = defaultdict(int)
    settling: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.kind in _SETTLING:
            settling[str(_SETTLING[line.kind])] += line.amount_minor
        else:
            charges[line.product or str(_NO_PRODUCT[line.source])] += line.amount_minor
    ranked = sorted(charges.items(), key=lambda one: (-one[1], one[0]))
    return [Part(*one) for one in [*ranked, *settling.items()]]


_NO_PRODUCT = {
    "usage": _("Usage"),
    "minimum": _("Usage"),
    "fee": _("Plan"),
    "item": _("One-off items"),
}
_SETTLING = {
    "tax": _("Tax"),
    "carried": _("Carried from or to other invoices"),
    "prepaid": _("Prepaid credit used"),
    "waived": _("Waived"),
}


@dataclass(frozen=True, slots=True)
class Split:
    """Amounts by app and by day; `rest` is what belongs to no app. Each adds up on its own."""

    apps: list[Part]
    rest: list[Part]
    days: dict[date, int]
    usage_minor: int


def split(lines: Sequence[LineLike], weights: dict[UUID, Weights], *, currency: str) -> Split:
    """Split usage lines by largest remainder over apps and days, in proportion to their usage."""
    apps: dict[str, int] = defaultdict(int)
    days: dict[date, int] = defaultdict(int)
    rest: dict[str, int] = defaultdict(int)
    usage = 0
    for line in lines:
        weight = weights.get(line.source_id) if line.kind == "usage" else None
        if weight is None:
            rest[str(_REST.get(line.kind, _("Other")))] += line.amount_minor
            continue
        usage += line.amount_minor
        for app, minor in _parts(line.amount_minor, weight.by_app, currency).items():
            apps[app] += minor
        for day, minor in _parts(line.amount_minor, weight.by_day, currency).items():
            days[day] += minor
    without = apps.pop("", 0)
    if without:
        rest[str(_REST["usage"])] += without
    ranked = sorted(apps.items(), key=lambda one: (-one[1], one[0]))
    others = [Part(*one) for one in rest.items() if one[1]]
    return Split([Part(*one) for one in ranked], others, dict(days), usage)


_REST = {
    "usage": _("Usage without an app"),
    "minimum": _("Minimums"),
    "recurring": _("Recurring fees"),
    "one_off": _("One-off items"),
    "late": _("Late or corrected usage"),
    "credit": _("Credits"),
    "tax": _("Tax"),
    "carried": _("Carried from or to other invoices"),
    "prepaid": _("Prepaid credit used"),
    "waived": _("Waived"),
}


def _parts(minor: int, weights: dict[Key, Decimal], currency: str) -> dict[Key, int]:
    keys = sorted(weights, key=str)
    try:
        shares = Money(minor, currency).split([weights[key] for key in keys])
    except SplitInvalid:
        shares = Money(minor, currency).split(len(keys))
    return {key: share.minor for key, share in zip(keys, shares, strict=True)}
