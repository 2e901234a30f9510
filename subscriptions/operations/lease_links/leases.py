"""Link leases with subscriptions at Stripe."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from core.tenancy import scope
from subscriptions.models import FormerStripeId, Lease, StripeLink
from subscriptions.operations.lease_links.at_stripe import AtStripe
from subscriptions.operations.lease_links.plans import (
    CannotBeLinked,
    Kind,
    check_linkable,
    end_of,
    kind_of,
    plan_of,
    rent_of,
)
from subscriptions.operations.lease_links.steps import (
    State,
    Step,
    Work,
    do_step,
    link_of,
    record,
    reopen,
)
from subscriptions.operations.lease_links.wanted import (
    digest,
    lease_price_params,
    subscription_metadata,
)


def link_lease(*, tenant_id: UUID, lease_id: UUID, stripe: AtStripe, now: datetime) -> None:
    """Make a lease's subscription, with a price of its own where its rent is not the room's.

    One for the record is cancelled at once. A lease that changed has its subscription changed:
    price, end, or cancelled. Repeating is safe. Raises CannotBeLinked, BeingLinked, NotLinked,
    StripeUnavailable.
    """
    lease = _lease(tenant_id, lease_id)
    check_linkable(lease)
    _check_links(lease)
    kind = kind_of(lease, now)
    with scope(tenant_id):
        link = link_of(Step.SUBSCRIPTION, lease_id)
    if lease.stripe_subscription_id is None:
        plan_of(lease, now)
        price_id = _price(lease, stripe, now)
        do_step(_work(lease, price_id, stripe), now=now)
    elif kind is not Kind.RECORD and (link is None or link.sent_digest != terms_of(lease)):
        _change(lease, _price(lease, stripe, now), stripe)
    if kind is Kind.RECORD:
        _end(_lease(tenant_id, lease_id), stripe, now)


def terms_of(lease: Lease) -> str:
    """Return a hash of what a lease's subscription is to bill, and until when."""
    return digest([rent_of(lease), lease.currency, end_of(lease), lease.status in Lease.LIVING])


def has_own_price(lease: Lease) -> bool:
    """Return whether a lease costs something else than its room."""
    room = lease.room
    if room is None:
        return True
    return (rent_of(lease), lease.currency) != (room.price_minor, room.currency)


def _lease(tenant_id: UUID, lease_id: UUID) -> Lease:
    with scope(tenant_id):
        rows = Lease.objects.select_related("tenant", "resident", "room", "house")
        return rows.get(pk=lease_id)


def _check_links(lease: Lease) -> None:
    if lease.resident is None or lease.resident.stripe_customer_id is None:
        raise CannotBeLinked("its resident is not linked yet")
    if lease.room is not None and lease.room.stripe_product_id is None:
        raise CannotBeLinked("its room is not linked yet")


def _price(lease: Lease, stripe: AtStripe, now: datetime) -> str:
    """Return the price that a lease is billed by: the room's, or one of its own."""
    if not has_own_price(lease) and lease.room is not None and lease.room.stripe_price_id:
        return lease.room.stripe_price_id
    params = lease_price_params(lease, rent_of(lease))
    with scope(lease.tenant_id):
        link = link_of(Step.LEASE_PRICE, lease.pk)
        is_done = link is not None and link.state == State.DONE
        # An adopted one has no digest; its amount was looked at then.
        if link is not None and is_done and link.sent_digest not in ("", digest(params)):
            _set_price_aside(lease, link.stripe_id, now)
            reopen(link)
    return do_step(_price_work(lease, params, stripe), now=now)


def _set_price_aside(lease: Lease, price_id: str, now: datetime) -> None:
    FormerStripeId.objects.get_or_create(
        tenant_id=lease.tenant_id,
        kind=FormerStripeId.Kind.PRICE,
        lease=lease,
        stripe_id=price_id,
        defaults={"reason": "The lease's rent changed", "noted_at": now},
    )


def _price_work(lease: Lease, params: dict[str, Any], stripe: AtStripe) -> Work:
    def find(since: datetime) -> str | None:
        product_id = lease.room.stripe_product_id if lease.room else None
        for price in stripe.products.all_prices(product_id=product_id, since=since):
            is_ours = price.metadata.get("taproom_lease") == str(lease.pk)
            same = (price.amount_minor, price.currency) == (rent_of(lease), lease.currency)
            if is_ours and same and price.is_active:
                return price.price_id
        return None

    def keep(stripe_id: str) -> None:
        Lease.objects.filter(pk=lease.pk).update(stripe_price_id=stripe_id)

    return Work(
        tenant_id=lease.tenant_id,
        step=Step.LEASE_PRICE,
        subject_id=lease.pk,
        params=lambda at: params,
        create=lambda given, key: stripe.products.create_price(given, key=key).price_id,
        find=find,
        keep=keep,
        digest=digest(params),
    )


def _work(lease: Lease, price_id: str, stripe: AtStripe) -> Work:
    customer_id = str(lease.resident.stripe_customer_id) if lease.resident else ""

    def params(at: datetime) -> dict[str, Any]:
        plan = plan_of(lease, at)
        return {
            **plan.params,
            "customer": customer_id,
            "items": [{"price": price_id}],
            "description": f"Lease {lease.number or lease.source_id}",
            "metadata": subscription_metadata(lease, plan.kind),
        }

    def find(since: datetime) -> str | None:
        found = stripe.subscriptions.all(customer_id=customer_id)
        mine = (one for one in found if one.metadata.get("taproom_lease") == str(lease.pk))
        return next((one.subscription_id for one in mine), None)

    def keep(stripe_id: str) -> None:
        Lease.objects.filter(pk=lease.pk).update(stripe_subscription_id=stripe_id)

    return Work(
        tenant_id=lease.tenant_id,
        step=Step.SUBSCRIPTION,
        subject_id=lease.pk,
        params=params,
        create=lambda given, key: stripe.subscriptions.create(given, key=key).subscription_id,
        find=find,
        keep=keep,
        digest=terms_of(lease),
    )


def _end(lease: Lease, stripe: AtStripe, now: datetime) -> None:
    """Cancel a subscription that is for the record only; one that has ended stays so."""
    subscription_id = str(lease.stripe_subscription_id)
    with scope(lease.tenant_id):
        done: StripeLink | None = link_of(Step.CANCELLATION, lease.pk)
    if done is not None and done.state == State.DONE and done.stripe_id == subscription_id:
        return
    work = Work(
        tenant_id=lease.tenant_id,
        step=Step.CANCELLATION,
        subject_id=lease.pk,
        params=lambda at: {},
        create=lambda given, key: stripe.subscriptions.cancel(subscription_id).subscription_id,
        find=lambda since: stripe.subscriptions.cancel(subscription_id).subscription_id,
        keep=lambda stripe_id: None,
    )
    do_step(work, now=now)


def _change(lease: Lease, price_id: str, stripe: AtStripe) -> None:
    """Bring a running subscription to the lease's rent and end, from the next month on."""
    subscription_id = str(lease.stripe_subscription_id)
    held = stripe.subscriptions.read(subscription_id)
    if held.is_over:
        raise CannotBeLinked(
            f"its subscription {subscription_id} is over at Stripe, but the lease runs: "
            "take the id off the lease and link it again, if that is meant"
        )
    end = end_of(lease)
    stripe.subscriptions.update(
        subscription_id,
        {
            "items": [{"id": held.item_id, "price": price_id}],
            "cancel_at": int(end.timestamp()) if end else "",
            "proration_behavior": "none",
            "metadata": subscription_metadata(lease, Kind.RUNNING),
        },
    )
    with scope(lease.tenant_id):
        record(lease.tenant_id, Step.SUBSCRIPTION, lease.pk, subscription_id, terms_of(lease))
