"""Bring events that were never delivered into the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.tenancy import scope
from payments.gateway import Gateway
from payments.models import StripeAccount, StripeEvent
from payments.operations.events import HANDLED_TYPES, store_event


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many events Stripe has, and how many of them were missing here."""

    seen: int
    missing: int


def reconcile_events(
    *, tenant_id: UUID, since: datetime, now: datetime, is_dry_run: bool = False
) -> Reconciliation:
    """List Stripe's events since a moment (it keeps 30 days) and store those that are not here.

    Stored events are processed like delivered ones. Repeating finds nothing new. Raises
    StripeUnavailable, StripeAccount.DoesNotExist.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
    seen = missing = 0
    events = Gateway(account).list_events(since=since, types=sorted(HANDLED_TYPES))
    for event in events:
        seen += 1
        with scope(tenant_id):
            if is_dry_run:
                known = StripeEvent.objects.filter(stripe_event_id=event["id"]).exists()
                missing += not known
            else:
                missing += store_event(account=account, event=event, now=now)
    return Reconciliation(seen=seen, missing=missing)
