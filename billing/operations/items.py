"""One-off items and credits: added once for each key, cancelled while no invoice holds them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from billing.models import BillingPeriod, Invoice, InvoiceLine, OneOffItem, Organization
from billing.operations.inputs import refuse, wrong_amount, wrong_day, wrong_name
from billing.operations.organizations import must_be_open
from core.clashes import broken_rule
from core.invalid import WrongField, wrong_texts
from core.models import User
from core.periods import local_date
from core.tenancy import current

LONGEST_KEY = 200


class KeyUsedOtherwise(Exception):
    """The key names something else already; nothing was stored."""


class ItemInvoiced(Exception):
    """An invoice holds the item."""


class ItemCancelled(Exception):
    """The item was cancelled before."""


def add_item(
    *,
    organization_id: UUID,
    description: str,
    amount_minor: int,
    now: datetime,
    due_on: date | None = None,
    product: str = "",
    idempotency_key: str | None = None,
    by: User | None = None,
) -> OneOffItem:
    """Have an organization owe an amount once, or be credited one below zero. In scope.

    It joins the first invoice that may hold `due_on`, which is today in its zone unless given.
    With a key repeating is safe: the same again returns the item that is there. Raises
    FieldsInvalid, KeyUsedOtherwise, OrganizationClosed.
    """
    organization = Organization.objects.get(pk=organization_id)
    must_be_open(organization)
    day = due_on or local_date(now, organization.zone)
    fields = {
        "description": description.strip(), "amount_minor": amount_minor, "product": product,
    }  # fmt: skip
    wrong = [*wrong_texts({"description": description, "product": product}, {"product": 120})]
    wrong += wrong_name(description, 300, "description")
    wrong += [*wrong_day(due_on, "due_on"), *wrong_key(idempotency_key)]
    wrong += wrong_amount(amount_minor, organization.currency)
    if amount_minor == 0:
        wrong.append(WrongField("amount_minor", "is_zero", "Nothing is owed by an item of zero."))
    refuse(wrong)
    item = OneOffItem(
        tenant_id=current().tenant_id,
        organization=organization,
        due_on=day,
        idempotency_key=idempotency_key,
        made_by=by,
        **fields,
    )
    try:
        with transaction.atomic():
            item.save()
    except IntegrityError as error:
        if broken_rule(error) != "item_key_once":
            raise
        return _same(item, is_today=due_on is None)
    return item


def cancel_item(*, item_id: UUID, now: datetime) -> OneOffItem:
    """Take an item back that no invoice holds, draft or final. In scope.

    Raises ItemInvoiced, ItemCancelled.
    """
    hold_drafting(OneOffItem.objects.get(pk=item_id).organization_id)
    item = OneOffItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if item.cancelled_at is not None:
        raise ItemCancelled("This item was cancelled before; nothing was changed.")
    lines = InvoiceLine.objects.filter(
        organization_id=item.organization_id,
        source=InvoiceLine.Source.ITEM,
        source_id=item.pk,
        charged_from=item.due_on,
    )
    line = lines.exclude(invoice__state=Invoice.State.VOID).select_related("invoice").first()
    if line is not None:
        raise ItemInvoiced(_why_not(line.invoice))
    item.cancelled_at = now
    item.save(update_fields=["cancelled_at"])
    return item


def hold_drafting(organization_id: UUID) -> None:
    """Wait for a run that drafts invoices of an organization, and keep others out meanwhile.

    A run locks the periods it drafts for. Who takes from what a draft may use comes before or
    after it, never in between.
    """
    periods = BillingPeriod.objects.filter(organization_id=organization_id)
    closed = periods.filter(state=BillingPeriod.State.CLOSED).order_by("pk")
    list(closed.select_for_update().values_list("pk"))


def wrong_key(key: str | None) -> list[WrongField]:
    """Return what is wrong with an idempotency key."""
    if key is None:
        return []
    if not key.strip():
        return [WrongField("idempotency_key", "blank", "Give a name of your own, or none.")]
    return list(wrong_texts({"idempotency_key": key}, {"idempotency_key": LONGEST_KEY}))


def _same(item: OneOffItem, *, is_today: bool) -> OneOffItem:
    """Return what the key names; the day counts only where the caller named one."""
    there = OneOffItem.objects.get(idempotency_key=item.idempotency_key)
    names = ["organization_id", "description", "amount_minor", "product"]
    names += [] if is_today else ["due_on"]
    if any(getattr(there, name) != getattr(item, name) for name in names):
        raise KeyUsedOtherwise(
            "This idempotency key belongs to another item. Nothing was stored; use a new key."
        )
    return there


def _why_not(invoice: Invoice) -> str:
    if invoice.state == Invoice.State.DRAFT:
        return "A draft invoice holds this item. Discard the draft first, then cancel the item."
    return (
        f"Invoice {invoice.number} holds this item. It stays; credit it by a credit note or by an"
        " item below zero."
    )
