"""Rents: opened for a month, sent on when their money is certain, written off when it is lost."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q

from core.invalid import FieldsInvalid, WrongField
from core.jobs import enqueue
from core.models import Tenant, User
from core.periods import month_bounds, today
from core.tenancy import scope
from subscriptions.models import HouseEntry, Lease, RentPayment, RentTransfer
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.operations.dispute_acts import due_acts
from subscriptions.operations.house_ledger import enter
from subscriptions.operations.rent_collections import due_collections
from subscriptions.operations.rent_money import refresh_rent
from subscriptions.operations.rent_reconciliation import reconcile_rents
from subscriptions.operations.reversals import due_reversals
from subscriptions.operations.transfers import due_transfers, send_transfer, weigh_transfer
from subscriptions.queries.collecting import why_not_instead

log = structlog.get_logger(__name__)


class NothingLost(Exception):
    """The rent was paid, so there is nothing to write off."""


def send_rent(*, tenant_id: UUID, transfer_id: UUID, now: datetime) -> RentTransfer | None:
    """Ask Stripe about the rent's money, and send it on unless that says to hold it.

    A transfer that is under way is finished first: what was asked of Stripe may have happened.
    """
    with scope(tenant_id):
        transfer = RentTransfer.objects.get(pk=transfer_id)
    if transfer.state == RentTransfer.State.READY:
        refresh_rent(tenant_id=tenant_id, rent_id=transfer.rent_id, now=now)
    return send_transfer(tenant_id=tenant_id, transfer_id=transfer_id, now=now)


def open_rents(*, month: date, now: datetime, made_before: datetime | None = None) -> int:
    """Open the rents of living leases for a month (its first day); returns how many are new.

    A rent falls due on the day of the month on which its lease began, as at Stripe. In scope.
    Repeating opens none twice. A lease whose amount is not known gets none, nor one that came
    here only after `made_before`.
    """
    living = Lease.objects.filter(status__in=Lease.LIVING, rent_minor__gt=0).exclude(starts_on=None)
    if made_before is not None:
        living = living.filter(created_at__lt=made_before)
    return sum(_open(lease, month, now) for lease in living.select_related("tenant").iterator())


def open_this_month(*, tenant_id: UUID, now: datetime) -> int:
    """Open this month's rents, but of leases that came within it: those have paid it elsewhere.

    Returns how many are new. Repeating opens none twice.
    """
    with scope(tenant_id) as found:
        zone = Tenant.objects.get(pk=found.tenant_id).zone
        month = today(now, zone).replace(day=1)
        begins = month_bounds(month.year, month.month, zone).starts_at
        return open_rents(month=month, now=now, made_before=begins)


def _due_on(lease: Lease, month: date) -> date | None:
    """Return the day on which a lease's rent of a month falls due; None when none does."""
    assert lease.starts_on is not None  # noqa: S101 - the caller looked
    _, last = monthrange(month.year, month.month)
    due = month.replace(day=min(lease.starts_on.day, last))
    is_over = lease.last_day is not None and due >= lease.last_day
    return None if due < lease.starts_on or is_over else due


def _open(lease: Lease, month: date, now: datetime) -> bool:
    due_on = _due_on(lease, month)
    if due_on is None:
        return False
    rent, is_new = RentPayment.objects.get_or_create(
        tenant_id=lease.tenant_id,
        lease=lease,
        month=month,
        duplicate_of=None,
        defaults={
            "resident_id": lease.resident_id,
            "currency": lease.currency,
            "amount_minor": lease.rent_minor,
            "due_on": due_on,
        },
    )
    if is_new:
        starts_at = month_bounds(month.year, month.month, lease.zone).starts_at
        enter(
            rent,
            HouseEntry.Kind.EXPECTED,
            lease.rent_minor or 0,
            source=f"rent {month}",
            happened_at=starts_at,
        )
    return is_new


def write_off(*, rent: RentPayment, reason: str, by: User, now: datetime) -> RentPayment:
    """Expect a rent no more, after a lost dispute or a failure. In scope.

    Raises FieldsInvalid, NothingLost.
    """
    if not reason.strip() or len(reason) > 300:
        raise FieldsInvalid(WrongField("reason", "required", "Say why, in at most 300 characters."))
    found = (
        RentPayment.objects.select_for_update(of=("self",))
        .select_related("lease__house")
        .get(pk=rent.pk)
    )
    lost = found.disputes.filter(status="lost").exists()
    if found.state == RentPayment.State.PAID and not lost:
        raise NothingLost("This rent was paid.")
    if found.state != RentPayment.State.WRITTEN_OFF:
        found.state = RentPayment.State.WRITTEN_OFF
        found.save(update_fields=["state"])
        enter(
            found,
            HouseEntry.Kind.WRITTEN_OFF,
            -(found.amount_minor or 0),
            source=f"written off {found.month}",
            happened_at=now,
            words=reason.strip(),
        )
        case = open_case(found, cause="Written off", now=now)
        tell_case(case, f"Written off: {reason.strip()}", by=by, now=now)
        weigh_transfer(found, now=now)
    return found


class NotADuplicate(Exception):
    """The row is no duplicate, or money was moved for the one that counts."""


def count_instead(*, rent: RentPayment, by: User, now: datetime) -> RentPayment:
    """Let a duplicate row be the rent of its month, and keep the other one as its duplicate.

    In scope. An import that is repeated leaves it so. Raises NotADuplicate.
    """
    rows = RentPayment.objects.select_for_update(of=("self",)).select_related("lease__house")
    pair = rows.filter(pk__in=[rent.pk, rent.duplicate_of_id]).order_by("pk")
    found = {one.pk: one for one in pair}
    this = found[rent.pk]
    other = found.get(this.duplicate_of_id) if this.duplicate_of_id else None
    if other is None:
        raise NotADuplicate("This row is no duplicate of another one.")
    why_not = why_not_instead(other)
    if why_not:
        raise NotADuplicate(why_not)
    RentTransfer.objects.filter(rent=other, state__in=RentTransfer.STANDING).update(
        state=RentTransfer.State.DROPPED, next_at=None
    )
    RentPayment.objects.filter(Q(duplicate_of=other) | Q(pk=other.pk)).exclude(pk=this.pk).update(
        duplicate_of=this
    )
    this.duplicate_of = None
    this.save(update_fields=["duplicate_of"])
    case = open_case(this, cause="Two rows for the same month", now=now)
    told = f"This row counts now instead of {other.source_id or other.pk}."
    tell_case(case, told, by=by, now=now)
    weigh_transfer(this, now=now)
    return this


def due_work(*, tenant_id: UUID, now: datetime) -> Iterator[tuple[str, dict[str, UUID]]]:
    """Yield the tasks that wait: transfers, reversals, answers to disputes, collections."""
    for transfer_id in due_transfers(tenant_id=tenant_id, now=now):
        yield "subscriptions.send_transfer", {"transfer_id": transfer_id}
    for reversal_id in due_reversals(tenant_id=tenant_id, now=now):
        yield "subscriptions.push_reversal", {"reversal_id": reversal_id}
    for act_id in due_acts(tenant_id=tenant_id, now=now):
        yield "subscriptions.push_dispute_act", {"act_id": act_id}
    for collection_id in due_collections(tenant_id=tenant_id, now=now):
        yield "subscriptions.push_collection", {"collection_id": collection_id}


def reconcile_at_night(*, tenant_id: UUID, now: datetime) -> int:
    """Compare the last month with Stripe, tell each difference in the log, and have held transfers
    looked at again, since an account may take money by now. Returns how many differ.
    """
    with scope(tenant_id):
        if not RentTransfer.objects.exists():
            return 0
        waiting = RentTransfer.objects.filter(
            state=RentTransfer.State.HELD, hold__in=["account_inactive", "account_refused"]
        )
        for rent_id in waiting.values_list("rent_id", flat=True)[:500]:
            enqueue("subscriptions.refresh_rent", rent_id=rent_id)
    found = reconcile_rents(tenant_id=tenant_id, since=now - timedelta(days=31), now=now)
    for one in found.differences:
        log.error("rent_ledger_differs", id=one.id, words=one.words)
    return len(found.differences)
