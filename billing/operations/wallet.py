"""Prepaid credit: paid ahead, granted, taken back; never below zero, drafts counted."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction

from billing.models import Organization, WalletEntry
from billing.operations.inputs import refuse, wrong_amount
from billing.operations.items import KeyUsedOtherwise, hold_drafting, wrong_key
from billing.operations.organizations import must_be_open
from billing.queries.wallet import balance_of
from core.clashes import broken_rule
from core.invalid import wrong_texts
from core.models import User
from core.tenancy import current

Kind = WalletEntry.Kind


class WalletTooLow(Exception):
    """More is to be taken than is free; `available_minor` says how much is."""

    def __init__(self, available_minor: int) -> None:
        super().__init__(
            f"Only {available_minor} (minor units) are free: the rest is spent, or a draft invoice"
            " uses it. Nothing was taken."
        )
        self.available_minor = available_minor


def top_up(
    *,
    organization_id: UUID,
    amount_minor: int,
    note: str = "",
    idempotency_key: str | None = None,
    by: User | None = None,
) -> WalletEntry:
    """Enter what an organization paid ahead; its next invoices use it. In scope.

    With a key repeating is safe. Raises FieldsInvalid, KeyUsedOtherwise, OrganizationClosed.
    """
    return _enter(Kind.TOP_UP, organization_id, amount_minor, note=note, key=idempotency_key, by=by)


def grant(
    *,
    organization_id: UUID,
    amount_minor: int,
    note: str = "",
    idempotency_key: str | None = None,
    by: User | None = None,
) -> WalletEntry:
    """Give an organization credit that nobody paid for. In scope; see `top_up`."""
    return _enter(Kind.GRANT, organization_id, amount_minor, note=note, key=idempotency_key, by=by)


def withdraw(
    *,
    organization_id: UUID,
    amount_minor: int,
    note: str = "",
    idempotency_key: str | None = None,
    by: User | None = None,
) -> WalletEntry:
    """Take `amount_minor` (above zero) of prepaid credit back. In scope; also of a closed one.

    With a key repeating is safe. Raises FieldsInvalid, KeyUsedOtherwise, WalletTooLow.
    """
    return _enter(
        Kind.WITHDRAWN, organization_id, amount_minor, note=note, key=idempotency_key, by=by
    )


def _enter(
    kind: Kind,
    organization_id: UUID,
    amount_minor: int,
    *,
    note: str,
    key: str | None,
    by: User | None,
) -> WalletEntry:
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    wrong = [*wrong_amount(amount_minor, organization.currency, lowest=1)]
    refuse([*wrong, *wrong_texts({"note": note}, {"note": 300}), *wrong_key(key)])
    is_out = kind == Kind.WITHDRAWN
    entry = WalletEntry(
        tenant_id=current().tenant_id,
        organization=organization,
        kind=kind,
        amount_minor=-amount_minor if is_out else amount_minor,
        note=note,
        idempotency_key=key,
        made_by=by,
    )
    there = WalletEntry.objects.filter(idempotency_key=key).first() if key else None
    if there is not None:
        return _same(there, entry)
    if is_out:
        hold_drafting(organization.pk)
        available = balance_of(organization.pk).available_minor
        if amount_minor > available:
            raise WalletTooLow(available)
    else:
        must_be_open(organization)
    return _stored(entry)


def _stored(entry: WalletEntry) -> WalletEntry:
    try:
        with transaction.atomic():
            entry.save()
    except IntegrityError as error:  # the key came in for another organization at this moment
        if broken_rule(error) != "wallet_key_once":
            raise
        there = WalletEntry.objects.get(idempotency_key=entry.idempotency_key)
        return _same(there, entry)
    return entry


def _same(there: WalletEntry, entry: WalletEntry) -> WalletEntry:
    names = ("organization_id", "kind", "amount_minor", "note")
    if any(getattr(there, name) != getattr(entry, name) for name in names):
        raise KeyUsedOtherwise(
            "This idempotency key belongs to another entry. Nothing was stored; use a new key."
        )
    return there
