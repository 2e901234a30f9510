"""Link everything: residents, then rooms, then leases, many at once and as fast as allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any, Protocol
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from core.models import Tenant
from core.tenancy import scope
from payments.gateway import StripeRefused, StripeUnavailable
from subscriptions.models import Lease, Resident, Room
from subscriptions.models.imported import ImportedRow
from subscriptions.operations.lease_links.adoption import (
    adopt_leases,
    adopt_residents,
    adopt_rooms,
)
from subscriptions.operations.lease_links.at_stripe import AtStripe, open_stripe
from subscriptions.operations.lease_links.leases import link_lease
from subscriptions.operations.lease_links.plans import CannotBeLinked
from subscriptions.operations.lease_links.residents import link_resident
from subscriptions.operations.lease_links.rooms import link_room
from subscriptions.operations.lease_links.steps import BeingLinked, NotLinked

PARALLEL = 8
# How often a row is tried in one run while Stripe gives no certain answer.
MOST_TRIES = 8
_PAGE = 500

USERS, ROOMS, LEASES = "users", "rooms", "leases"
KINDS = (USERS, ROOMS, LEASES)


class OnProgress(Protocol):
    """Is told how far a kind is."""

    def __call__(self, kind: str, done: int, total: int) -> None:
        """Take note."""


@dataclass(slots=True)
class Outcome:
    """What became of the rows of one kind; reasons by the row's id in its source."""

    linked: int = 0
    adopted: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    elsewhere: int = 0


def rows_of(kind: str) -> QuerySet[Any]:
    """Return the rows that a kind means. In scope."""
    model = {USERS: Resident, ROOMS: Room, LEASES: Lease}[kind]
    return model._default_manager.order_by("id")


def due_rows(kind: str) -> QuerySet[Any]:
    """Return the rows without their ids at Stripe. In scope."""
    rows = rows_of(kind)
    if kind == USERS:
        return rows.filter(stripe_customer_id=None)
    if kind == ROOMS:
        no_price = Q(stripe_price_id=None, price_minor__gt=0)
        return rows.filter(Q(stripe_product_id=None) | no_price)
    return rows.filter(stripe_subscription_id=None)


def link_all(
    *,
    tenant: Tenant,
    kinds: tuple[str, ...],
    limit: int | None,
    clock: Callable[[], datetime],
    on_progress: OnProgress,
) -> dict[str, Outcome]:
    """Link the rows of each kind in turn, at most `limit` of them in all. Returns what became.

    Also looks at rows that are linked already, since what they say may have changed. Repeating
    is safe, and so are two at once and being killed. Raises NoStripeAccount, StripeUnavailable
    and StripeRefused where Stripe cannot even be asked what it has.
    """
    with scope(tenant.pk):
        stripe = open_stripe()
    found: dict[str, Outcome] = {}
    left = limit
    for kind in kinds:
        outcome = found[kind] = Outcome()
        outcome.adopted = _patiently(lambda kind=kind: _adopt(kind, tenant, stripe, clock()))  # type: ignore[misc]
        ids = _ids(tenant, kind, left)
        _Crew(tenant, kind, stripe, outcome).work(ids, clock, on_progress)
        if left is not None:
            left = max(0, left - len(ids))
    return found


def _patiently(ask: Callable[[], int]) -> int:
    """Ask again while Stripe gives no certain answer, as often as for a row."""
    for _ in range(MOST_TRIES - 1):
        try:
            return ask()
        except StripeUnavailable as error:
            threading.Event().wait(min(error.retry_after or 0.5, 5))
    return ask()


def _adopt(kind: str, tenant: Tenant, stripe: AtStripe, now: datetime) -> int:
    if kind == USERS:
        return adopt_residents(tenant_id=tenant.pk, stripe=stripe)
    if kind == ROOMS:
        return adopt_rooms(tenant_id=tenant.pk, stripe=stripe)
    return adopt_leases(tenant_id=tenant.pk, stripe=stripe, now=now)


def _ids(tenant: Tenant, kind: str, limit: int | None) -> list[UUID]:
    """Return which rows to look at: those without an id first, so that a limit gets on."""
    with scope(tenant.pk):
        due = list(due_rows(kind).values_list("pk", flat=True)[:limit])
        known = set(due)
        if limit is None:
            others = rows_of(kind).values_list("pk", flat=True)
            due += [pk for pk in others.iterator(chunk_size=_PAGE) if pk not in known]
    return due


class _Crew:
    """Threads that link the rows of one kind; each has a connection of its own."""

    def __init__(self, tenant: Tenant, kind: str, stripe: AtStripe, outcome: Outcome) -> None:
        self.tenant = tenant
        self.kind = kind
        self.stripe = stripe
        self.outcome = outcome
        self.end = threading.Event()
        self.lock = threading.Lock()

    def work(self, ids: list[UUID], clock: Callable[[], datetime], on_progress: OnProgress) -> None:
        """Link all rows; an interrupt lets calls that are under way end, and begins none."""
        self.clock = clock
        rows = iter(ids)
        done = count(1)

        def drive() -> None:
            try:
                while not self.end.is_set():
                    with self.lock:
                        pk = next(rows, None)
                    if pk is None:
                        return
                    self._link(pk)
                    with self.lock:
                        on_progress(self.kind, next(done), len(ids))
            finally:
                connection.close()

        with ThreadPoolExecutor(PARALLEL) as threads:
            try:
                for future in [threads.submit(drive) for _ in range(min(PARALLEL, len(ids)))]:
                    future.result()
            finally:
                self.end.set()

    def _link(self, pk: UUID) -> None:
        """Link one row, trying again while Stripe is unsure."""
        for attempt in range(1, MOST_TRIES + 1):
            if self.end.is_set():
                return
            try:
                self._once(pk)
            except (NotLinked, StripeUnavailable, StripeRefused) as error:
                is_certain = getattr(error, "is_certain", isinstance(error, StripeRefused))
                if is_certain or attempt == MOST_TRIES:
                    self.outcome.failed[self._label(pk)] = str(error)
                    return
                self.end.wait(min(0.25 * 2**attempt, 5))
            except CannotBeLinked as reason:
                self.outcome.left_out[self._label(pk)] = str(reason)
                return
            except BeingLinked:
                with self.lock:
                    self.outcome.elsewhere += 1
                return
            else:
                with self.lock:
                    self.outcome.linked += 1
                return

    def _once(self, pk: UUID) -> None:
        common = {"tenant_id": self.tenant.pk, "stripe": self.stripe, "now": self.clock()}
        if self.kind == USERS:
            link_resident(resident_id=pk, **common)  # type: ignore[arg-type]
        elif self.kind == ROOMS:
            link_room(room_id=pk, **common)  # type: ignore[arg-type]
        else:
            link_lease(lease_id=pk, **common)  # type: ignore[arg-type]

    def _label(self, pk: UUID) -> str:
        with scope(self.tenant.pk):
            row: ImportedRow = rows_of(self.kind).only("source_id").get(pk=pk)
        return row.source_id or str(pk)
