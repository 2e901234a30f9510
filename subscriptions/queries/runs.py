"""Club runs: who would be charged, how far a run is, and what failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from subscriptions.models import Charge, Club, ClubRun, ClubRunItem, SubscriptionStatus
from subscriptions.queries.eligible import STATUS

States = ClubRunItem.State

# One statement for a club of any size. Eligible is what the list of those to be charged says; a
# run is stricter and tells why. A member who came from another club this month was charged there.
_CANDIDATES = f"""
INSERT INTO subscriptions_clubrunitem
    (tenant_id, run_id, subscription_id, state, reason, warning)
SELECT one.tenant_id, %(run)s, one.id,
       CASE WHEN one.why = '' THEN 'pending' ELSE 'excluded' END, one.why, one.warning
FROM (
    SELECT s.tenant_id, s.id,
        CASE
            WHEN btrim(s.customer_store_id) = '' THEN 'The customer id is missing'
            WHEN %(sku)s < 1 THEN 'The club has no article'
            WHEN held.state = 'charged' THEN 'Charged already this month'
            WHEN held.state IS NOT NULL THEN 'A charge waits for the shop''s answer'
            WHEN skip.id IS NOT NULL THEN 'Skips this month'
            WHEN elsewhere.id IS NOT NULL THEN 'Charged this month in the club they came from'
            ELSE '' END AS why,
        CASE WHEN latest.cause = 'customer' THEN 'Last time: ' || latest.reason ELSE '' END
            AS warning
    FROM subscriptions_subscription s
    LEFT JOIN subscriptions_charge held ON held.subscription_id = s.id
        AND held.month = %(month)s AND held.state IN ('claimed', 'charged', 'unknown')
    LEFT JOIN subscriptions_skip skip ON skip.subscription_id = s.id
        AND skip.month = %(month)s AND skip.undone_at IS NULL
    LEFT JOIN LATERAL (
        SELECT c.id FROM subscriptions_move m
        JOIN subscriptions_charge c ON c.subscription_id = m.left_id
            AND c.month = %(month)s AND c.state IN ('claimed', 'charged', 'unknown')
        WHERE m.joined_id = s.id LIMIT 1
    ) elsewhere ON true
    LEFT JOIN LATERAL (
        SELECT c.cause, left(c.reason, 480) AS reason FROM subscriptions_charge c
        WHERE c.subscription_id = s.id ORDER BY c.created_at DESC, c.id DESC LIMIT 1
    ) latest ON true
    WHERE s.club_id = %(club)s AND ({STATUS}) = {SubscriptionStatus.ACTIVE}
) one
"""  # noqa: S608 - made of the texts above

# The members of clubs, by their status.
_COUNTS = f"""
SELECT club_id, status, count(*) FROM (
    SELECT s.club_id, {STATUS} AS status FROM subscriptions_subscription s
    WHERE s.club_id = ANY(%(clubs)s)
) one GROUP BY club_id, status
"""  # noqa: S608 - made of the text above


def write_candidates(run: ClubRun, now: datetime) -> None:
    """Write one item for each member who is active now, with the reason if it is left out."""
    values: dict[str, Any] = {"run": run.pk, "club": run.club_id, "month": run.month, "on": now}
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, {**values, "sku": run.club.store_sku})


def members_by_status(club: Club, now: datetime) -> dict[int | None, int]:
    """Return how many members of a club have each status now."""
    return counts_of_clubs([club], now)[club.pk]


def counts_of_clubs(clubs: Sequence[Club], now: datetime) -> dict[UUID, dict[int | None, int]]:
    """Return how many members of each club have each status now; one query."""
    found: dict[UUID, dict[int | None, int]] = {club.pk: {} for club in clubs}
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"clubs": list(found), "on": now})
        for club_id, status, count in cursor.fetchall():
            found[club_id][status] = count
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How many items of a run are in each state."""

    counts: dict[str, int]

    def __getattr__(self, name: str) -> int:
        if name not in States.values:
            raise AttributeError(name)
        return self.counts.get(name, 0)

    @property
    def total(self) -> int:
        """All that are, or were, to be charged."""
        return sum(n for state, n in self.counts.items() if state != States.EXCLUDED)

    @property
    def waiting(self) -> int:
        """Those whose turn has not come or is not over."""
        return self.counts.get(States.PENDING, 0) + self.counts.get(States.CHARGING, 0)

    @property
    def tried(self) -> int:
        """Those who had their turn."""
        return self.total - self.waiting


def progress_of(run: ClubRun) -> Progress:
    """Count the items of a run by state."""
    rows = run.items.order_by().values_list("state").annotate(n=Count("pk"))
    return Progress(dict(rows))


def reasons_of(run: ClubRun) -> list[tuple[str, int]]:
    """Count those left out by reason, most frequent first."""
    rows = run.items.filter(state=States.EXCLUDED).order_by().values_list("reason")
    return list(rows.annotate(n=Count("pk")).order_by("-n", "reason"))


def failures_of(run: ClubRun) -> list[tuple[str, int]]:
    """Count what failed by cause."""
    rows = run.items.filter(state=States.FAILED).order_by().values_list("cause")
    return list(rows.annotate(n=Count("pk")).order_by("cause"))


def items_of(run: ClubRun) -> QuerySet[ClubRunItem]:
    """Return the items of a run with what a list of them shows."""
    return run.items.select_related("subscription", "charge", "decided_by")


def worklist(month_from: date | None = None) -> QuerySet[ClubRunItem]:
    """Return what failed in runs that are still open."""
    rows = ClubRunItem.objects.select_related("subscription", "run__club", "charge")
    found = rows.filter(state=States.FAILED, run__state__in=ClubRun.OPEN)
    return found.filter(run__month__gte=month_from) if month_from else found


def unclear_items() -> QuerySet[ClubRunItem]:
    """Return what the shop has not answered with certainty, in runs that are still open."""
    rows = ClubRunItem.objects.select_related("subscription", "run__club", "charge")
    return rows.filter(state=States.UNKNOWN, run__state__in=ClubRun.OPEN)


def runs_with_work(now: datetime) -> list[UUID]:
    """Return the running runs with an item whose turn it is."""
    due = Q(state=States.PENDING) & (Q(due_at=None) | Q(due_at__lte=now))
    given_up = Q(state=States.CHARGING, due_at__lte=now)
    items = ClubRunItem.objects.filter(due | given_up, run__state=ClubRun.State.RUNNING)
    return list(items.order_by().values_list("run_id", flat=True).distinct())


HEADINGS = (
    "subscription_id", "customer_id", "state", "cause", "reason", "attempts", "request_id",
    "charge_state", "charged_at", "note",
)  # fmt: skip


def report_rows(run: ClubRun) -> Iterator[Sequence[str]]:
    """Yield the report of a run, headings first."""
    yield HEADINGS
    for item in items_of(run).order_by("state", "id").iterator(2000):
        charge: Charge | None = item.charge
        decided = charge.decided_at if charge else None
        yield (
            item.subscription.reference,
            item.subscription.customer_store_id,
            item.state,
            item.cause,
            item.reason,
            str(item.attempt),
            charge.request_id if charge else "",
            charge.state if charge else "",
            decided.isoformat() if decided else "",
            item.note,
        )
