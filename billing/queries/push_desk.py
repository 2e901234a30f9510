"""What the push desk shows: how many wait, how fast it goes, and what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from billing.models import Push, StripeCall
from payments.gateway import bulk_rate

CALLS_AN_INVOICE = 3
LATELY = timedelta(minutes=1)
# A single silence is nothing; after this long without any answer Stripe is away.
TOLD_AFTER = timedelta(seconds=30)
TRIED_OFTEN = 3
# From so many invoices within a minute on, their rate tells how long the rest takes.
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """Where all pushes of invoices stand. `rate` is invoices a second, over the last minute.

    `seconds_left` goes by that rate once there is one, since Stripe may be slower than it allows.

    `counts` and `waiting` are of all kinds, customers and credit notes among them.
    """

    counts: dict[str, int]
    waiting: int
    done: int
    total: int
    rate: float
    calls_rate: float
    allowed_rate: float
    seconds_left: int
    oldest_at: datetime | None

    @property
    def stopped(self) -> int:
        """How many need a person."""
        stopped = (Push.State.MISMATCH, Push.State.BLOCKED)
        return sum(self.counts.get(state, 0) for state in stopped)


def invoices_a_second() -> float:
    """Return how many invoices a second Stripe's limits allow, at three calls each."""
    return float(min(bulk_rate() / CALLS_AN_INVOICE, settings.STRIPE_RATE_PER_ENDPOINT))


def push_progress(now: datetime) -> Progress:
    """Count the pushes of the company in scope; three queries."""
    rows = Push.objects.order_by().values_list("state").annotate(n=Count("pk"), i=Count("invoice"))
    by_state = list(rows)
    counts = {state: n for state, n, _ in by_state}
    invoices = {state: n for state, _, n in by_state}
    lately = Push.objects.filter(done_at__gt=now - LATELY, invoice__isnull=False)
    rate, counted = _rate(lately.aggregate(n=Count("pk"), first=Min("done_at")), now)
    found = Push.objects.aggregate(
        oldest=Min("created_at", filter=Q(state__in=Push.OPEN)),
    )
    calls = StripeCall.objects.filter(created_at__gt=now - LATELY).count()
    waiting = sum(counts.get(state, 0) for state in Push.OPEN)
    return Progress(
        counts=counts,
        waiting=waiting,
        done=invoices.get(Push.State.DONE, 0),
        total=sum(invoices.values()),
        rate=rate,
        calls_rate=calls / LATELY.total_seconds(),
        allowed_rate=invoices_a_second(),
        seconds_left=round(waiting / min(rate if counted else inf, invoices_a_second())),
        oldest_at=found["oldest"],
    )


def _rate(lately: dict[str, Any], now: datetime) -> tuple[float, bool]:
    """Return invoices a second, and whether there were enough to go by.

    Counted from the first one on: a push that began just now is not slow.
    """
    if not lately["n"]:
        return 0.0, False
    seconds = max(1.0, (now - lately["first"]).total_seconds())
    return lately["n"] / seconds, lately["n"] >= ENOUGH


def pushes_in_trouble() -> QuerySet[Push]:
    """Return what a person must look at first, then what was tried often without success."""
    stopped = Q(state__in=[Push.State.MISMATCH, Push.State.BLOCKED])
    often = Q(state=Push.State.WAITING, failures__gte=TRIED_OFTEN)
    rows = Push.objects.filter(stopped | often)
    return rows.select_related("organization", "invoice", "credit_note").order_by(
        "state", "created_at", "id"
    )


def pushes_of(state: str) -> QuerySet[Push]:
    """Return the pushes in a state, oldest first; all with an empty one."""
    rows = Push.objects.select_related("organization", "invoice", "credit_note")
    rows = rows.filter(state=state) if state else rows
    return rows.order_by("created_at", "id")
