"""Fill the mirror from the inbox."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.tenancy import scope
from payments.gateway import Gateway
from payments.mirror import mirror_object
from payments.models import StripeAccount, StripeEvent

# dj-stripe's model and the resource of Stripe's API that lists its objects.
SYNCED = {
    "Customer": "customers",
    "Product": "products",
    "Price": "prices",
    "PaymentIntent": "payment_intents",
    "Charge": "charges",
    "Refund": "refunds",
    "Session": "checkout.sessions",
    "Dispute": "disputes",
}


def mirror_event(*, tenant_id: UUID, stripe_event_id: str, now: datetime) -> bool:
    """Copy the object of an event into dj-stripe's tables, offline, unless a newer one is there.

    Returns whether something was written. Repeating changes nothing.
    """
    with scope(tenant_id):
        event = StripeEvent.objects.select_related("account").get(stripe_event_id=stripe_event_id)
        is_stale = StripeEvent.objects.filter(
            object_id=event.object_id,
            stripe_created_at__gt=event.stripe_created_at,
            mirrored_at__isnull=False,
        ).exists()
        written = not is_stale and mirror_object(event.account, event.payload["data"]["object"])
        StripeEvent.objects.filter(pk=event.pk).update(mirrored_at=now)
    return written


def sync_mirror(*, tenant_id: UUID, model: str) -> int:
    """List all objects of one of SYNCED at Stripe and copy them into the mirror; returns how many.

    For what happened before the webhooks came here. Repeating writes the same rows again. Raises
    StripeUnavailable, StripeRefused, StripeAccount.DoesNotExist.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
    count = 0
    for data in Gateway(account).list_objects(SYNCED[model]):
        with scope(tenant_id):
            mirror_object(account, data)
        count += 1
    return count
