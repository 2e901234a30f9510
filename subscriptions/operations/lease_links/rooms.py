"""Link rooms with products and prices at Stripe."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core.tenancy import scope
from subscriptions.models import FormerStripeId, Room
from subscriptions.operations.lease_links.at_stripe import AtStripe
from subscriptions.operations.lease_links.steps import (
    Step,
    Work,
    do_step,
    link_of,
    record,
    reopen,
)
from subscriptions.operations.lease_links.wanted import digest, product_params, room_price_params


def link_room(*, tenant_id: UUID, room_id: UUID, stripe: AtStripe, now: datetime) -> None:
    """Make a room's product and its price, or bring them to what the room is now.

    Prices cannot be changed: another price takes the place of the old one, which is retired and
    kept as a former id. Repeating is safe. Raises BeingLinked, NotLinked, StripeUnavailable.
    """
    room = _room(tenant_id, room_id)
    if room.stripe_product_id is None:
        do_step(_product_work(room, stripe), now=now)
    else:
        _change_product(room, stripe)
    room = _room(tenant_id, room_id)
    if room.price_minor is None or room.price_minor <= 0:
        return
    _give_up_other_price(room, stripe, now)
    room = _room(tenant_id, room_id)
    if room.stripe_price_id is None:
        do_step(_price_work(room, stripe), now=now)


def _room(tenant_id: UUID, room_id: UUID) -> Room:
    with scope(tenant_id):
        return Room.objects.select_related("house").get(pk=room_id)


def _product_work(room: Room, stripe: AtStripe) -> Work:
    params = product_params(room)

    def find(since: datetime) -> str | None:
        products = stripe.products.all(since=since)
        mine = (one for one in products if one.metadata.get("taproom_room") == str(room.pk))
        return next((one.product_id for one in mine), None)

    def keep(stripe_id: str) -> None:
        Room.objects.filter(pk=room.pk).update(stripe_product_id=stripe_id)

    return Work(
        tenant_id=room.tenant_id,
        step=Step.PRODUCT,
        subject_id=room.pk,
        params=lambda at: params,
        create=lambda given, key: stripe.products.create(given, key=key).product_id,
        find=find,
        keep=keep,
        digest=digest(params),
    )


def _change_product(room: Room, stripe: AtStripe) -> None:
    params = product_params(room)
    with scope(room.tenant_id):
        link = link_of(Step.PRODUCT, room.pk)
    if link is not None and link.sent_digest == digest(params):
        return
    product_id = str(room.stripe_product_id)
    if link is not None:
        stripe.products.update(product_id, params)
    with scope(room.tenant_id):
        record(room.tenant_id, Step.PRODUCT, room.pk, product_id, digest(params))


def _price_work(room: Room, stripe: AtStripe) -> Work:
    params = room_price_params(room)

    def find(since: datetime) -> str | None:
        for price in stripe.products.all_prices(product_id=room.stripe_product_id, since=since):
            is_ours = price.metadata.get("taproom_room") == str(room.pk)
            same = (price.amount_minor, price.currency) == (room.price_minor, room.currency)
            if is_ours and same and price.is_active:
                return price.price_id
        return None

    def keep(stripe_id: str) -> None:
        Room.objects.filter(pk=room.pk).update(stripe_price_id=stripe_id)

    return Work(
        tenant_id=room.tenant_id,
        step=Step.PRICE,
        subject_id=room.pk,
        params=lambda at: params,
        create=lambda given, key: stripe.products.create_price(given, key=key).price_id,
        find=find,
        keep=keep,
        digest=digest(params),
    )


def _give_up_other_price(room: Room, stripe: AtStripe, now: datetime) -> None:
    """Set aside a price whose amount or currency is no longer the room's."""
    with scope(room.tenant_id):
        link = link_of(Step.PRICE, room.pk)
    if room.stripe_price_id is None or link is None:
        return
    wanted = digest(room_price_params(room))
    if not link.sent_digest:  # adopted, and its amount was looked at then
        with scope(room.tenant_id):
            record(room.tenant_id, Step.PRICE, room.pk, room.stripe_price_id, wanted)
    if link.sent_digest in ("", wanted):
        return
    stripe.products.retire_price(room.stripe_price_id)
    with scope(room.tenant_id):
        FormerStripeId.objects.get_or_create(
            tenant_id=room.tenant_id,
            kind=FormerStripeId.Kind.PRICE,
            room=room,
            stripe_id=room.stripe_price_id,
            defaults={"reason": "The room's price changed", "noted_at": now},
        )
        Room.objects.filter(pk=room.pk).update(stripe_price_id=None)
        reopen(link)
