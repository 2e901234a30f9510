"""What linking would do, and how leases stand: without a call."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from core.money import Money
from subscriptions.models import Lease
from subscriptions.operations.lease_links.plans import CannotBeLinked, plan_of, rent_of
from subscriptions.operations.lease_links.run import LEASES, due_rows, rows_of


class Planned(NamedTuple):
    """One lease: its rent a month, and the day of its first invoice if there will be one."""

    rent: Money
    bills_from: date | None


@dataclass(slots=True)
class Preview:
    """Rows linked and due by kind; leases by kind of plan and currency; who is left out and why."""

    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    kinds: dict[tuple[str, str], list[Planned]] = field(default_factory=lambda: defaultdict(list))
    left_out: dict[str, str] = field(default_factory=dict)


def preview_links(*, kinds: tuple[str, ...], now: datetime) -> Preview:
    """Return what linking would do. In scope; nothing is written."""
    found = Preview()
    for kind in kinds:
        total, due = rows_of(kind).count(), due_rows(kind).count()
        found.counts[kind] = (total - due, due)
    if LEASES in kinds:
        rows = Lease.objects.select_related("tenant", "resident", "room", "house").order_by("id")
        for lease in rows.iterator(chunk_size=1000):
            _note(found, lease, now)
    return found


def _note(found: Preview, lease: Lease, now: datetime) -> None:
    try:
        plan = plan_of(lease, now)
    except CannotBeLinked as reason:
        found.left_out[f"{LEASES} {lease.source_id or lease.pk}"] = str(reason)
        return
    rent = Money(rent_of(lease), lease.currency)
    found.kinds[plan.kind.value, lease.currency].append(Planned(rent, plan.bills_from))
