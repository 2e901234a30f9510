"""Find what is ours at Stripe and not known here: its id was lost, or the rows were made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from core.tenancy import scope
from payments.gateway import PriceFacts, SubscriptionFacts
from subscriptions.models import Lease, Resident, Room
from subscriptions.models.imported import ImportedRow
from subscriptions.operations.lease_links.at_stripe import AtStripe
from subscriptions.operations.lease_links.plans import Kind, kind_of, rent_of
from subscriptions.operations.lease_links.steps import Step, record
from subscriptions.operations.lease_links.wanted import SOURCES

_BATCH = 200


class Theirs(NamedTuple):
    """An object at Stripe: its id and metadata; `is_usable` says whether it can be ours still."""

    stripe_id: str
    metadata: dict[str, str]
    is_usable: Callable[[Any], bool] = lambda row: True


def adopt_residents(*, tenant_id: UUID, stripe: AtStripe) -> int:
    """Take over customers that carry our ids. Returns how many. Repeating is safe."""
    if _has_all(tenant_id, Resident, "stripe_customer_id"):
        return 0
    found = (Theirs(one.customer_id, one.metadata) for one in stripe.customers.all())
    return _adopt(tenant_id, Resident, "stripe_customer_id", Step.CUSTOMER, found)


def adopt_rooms(*, tenant_id: UUID, stripe: AtStripe) -> int:
    """Take over products and prices of rooms. Returns how many."""
    adopted = 0
    if not _has_all(tenant_id, Room, "stripe_product_id"):
        products = (Theirs(one.product_id, one.metadata) for one in stripe.products.all())
        adopted = _adopt(tenant_id, Room, "stripe_product_id", Step.PRODUCT, products)
    if not _has_all(tenant_id, Room, "stripe_price_id"):
        prices = (
            Theirs(one.price_id, one.metadata, partial(_is_price_of_room, one))
            for one in stripe.products.all_prices()
        )
        adopted += _adopt(tenant_id, Room, "stripe_price_id", Step.PRICE, prices)
    return adopted


def _is_price_of_room(price: PriceFacts, room: Room) -> bool:
    same = (price.amount_minor, price.currency) == (room.price_minor, room.currency)
    return same and price.is_active and price.product_id == room.stripe_product_id


def adopt_leases(*, tenant_id: UUID, stripe: AtStripe, now: datetime) -> int:
    """Take over subscriptions, and the prices of their own. Returns how many."""
    if _has_all(tenant_id, Lease, "stripe_subscription_id"):
        return 0
    prices = (
        Theirs(one.price_id, one.metadata, partial(_is_price_of_lease, one))
        for one in stripe.products.all_prices()
    )
    adopted = _adopt(tenant_id, Lease, "stripe_price_id", Step.LEASE_PRICE, prices)
    subscriptions = (
        Theirs(one.subscription_id, one.metadata, partial(_is_subscription_of, one, now))
        for one in stripe.subscriptions.all()
    )
    return adopted + _adopt(
        tenant_id, Lease, "stripe_subscription_id", Step.SUBSCRIPTION, subscriptions
    )


def _is_price_of_lease(price: PriceFacts, lease: Lease) -> bool:
    same = (price.amount_minor, price.currency) == (rent_of(lease), lease.currency)
    return same and price.is_active


def _is_subscription_of(found: SubscriptionFacts, now: datetime, lease: Lease) -> bool:
    """Return whether a subscription can be a lease's still: a running one's must not be over."""
    return not found.is_over or kind_of(lease, now) is Kind.RECORD


def _has_all(tenant_id: UUID, model: type[ImportedRow], field: str) -> bool:
    with scope(tenant_id):
        return not model._default_manager.filter(**{field: None}).exists()


def _adopt(
    tenant_id: UUID,
    model: type[ImportedRow],
    field: str,
    step: Step,
    found: Iterator[Theirs],
) -> int:
    """Give rows without an id the one of an object that carries their metadata."""
    noun = f"taproom_{model._meta.model_name}"
    ours = (one for one in found if noun in one.metadata or _source(model, one.metadata))
    adopted = 0
    while batch := list(islice(ours, _BATCH)):
        with scope(tenant_id):
            adopted += _adopt_batch(tenant_id, model, field, step, batch)
    return adopted


def _adopt_batch(
    tenant_id: UUID, model: type[ImportedRow], field: str, step: Step, batch: list[Theirs]
) -> int:
    rows = _rows(model, field, batch)
    adopted = 0
    for one in batch:
        pk = one.metadata.get(f"taproom_{model._meta.model_name}", "")
        row = rows.pop(pk, None) or rows.pop(_source(model, one.metadata), None)
        if row is None or getattr(row, field) or not one.is_usable(row):
            continue
        setattr(row, field, one.stripe_id)
        if model._default_manager.filter(pk=row.pk, **{field: None}).update(
            **{field: one.stripe_id}
        ):
            record(tenant_id, step, row.pk, one.stripe_id, "")
            adopted += 1
    return adopted


def _rows(model: type[ImportedRow], field: str, batch: Iterable[Theirs]) -> dict[str, Any]:
    """Return rows without an id, by their key and by their id in the source."""
    keys = [one.metadata.get(f"taproom_{model._meta.model_name}", "") for one in batch]
    sources = [source for one in batch if (source := _source(model, one.metadata))]
    wanted = Q(pk__in=[key for key in keys if _is_uuid(key)]) | Q(source_id__in=sources)
    rows = model._default_manager.filter(wanted, **{field: None})
    found: dict[str, Any] = {}
    for row in rows:
        found[str(row.pk)] = row
        if row.source_id:
            found[row.source_id] = row
    return found


def _source(model: type[ImportedRow], metadata: dict[str, str]) -> str:
    """Return the id in the source that an object's metadata names, if it is of this table."""
    is_of_table = metadata.get("source_table") == SOURCES[model]
    return metadata.get("source_id", "") if is_of_table else ""


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
