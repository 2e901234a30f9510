"""Claim a checkout for anything that an app above wants to be paid: a fee, a rent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection

from core.jobs import enqueue
from core.money import Money
from core.tenancy import current
from payments import kinds
from payments.models import Checkout, StripeAccount
from payments.operations.checkouts import UNLIMITED_LIFETIME, NoStripeAccount


def claim_checkout(
    *,
    kind: str,
    subject_id: UUID,
    title: str,
    amount: Money,
    success_url: str,
    cancel_url: str,
    metadata: dict[str, str],
    now: datetime,
    language: str = "",
) -> Checkout:
    """Return the checkout by which this subject can be paid: the usable one, or a new one.

    In scope; `open_checkout` then leads to Stripe's page. A lock of this subject makes claims
    take turns, so that two tabs or a double click find each other's checkout. What is open for
    another amount is left alone: its owner calls `stop_checkout`. `metadata` (at most 40 keys,
    values to 500 characters) goes to Stripe on the session and its payment intent, beside our
    own; `language` is that of Stripe's page. Raises NoStripeAccount, kinds.UnknownKind.
    """
    _take_turns(kind, subject_id)
    usable = _usable_checkout(kinds.named(kind), subject_id, amount, now)
    if usable is not None:
        return usable
    account = StripeAccount.objects.first()
    if account is None:
        raise NoStripeAccount("Connect a Stripe account before customers can pay.")
    return Checkout.objects.create(
        tenant_id=current().tenant_id,
        kind=kind,
        subject_id=subject_id,
        metadata=metadata,
        account=account,
        title=title,
        amount_minor=amount.minor,
        currency=amount.currency,
        session_expires_at=now + UNLIMITED_LIFETIME,
        success_url=success_url,
        cancel_url=cancel_url,
        language=language,
    )


def _usable_checkout(
    kind: kinds.Kind, subject_id: UUID, amount: Money, now: datetime
) -> Checkout | None:
    candidates = Checkout.objects.filter(
        kind=kind.name,
        subject_id=subject_id,
        amount_minor=amount.minor,
        currency=amount.currency,
        state__in=[Checkout.State.CREATED, Checkout.State.OPEN],
    )
    return next(
        (one for one in candidates if one.can_be_used_at(now) and kind.is_wanted(one)), None
    )


def stop_checkout(*, checkout_id: UUID) -> None:
    """Have a checkout closed at Stripe that its kind no longer wants to be paid. In scope.

    Call it once `Kind.is_wanted` says no; should the message be lost, a sweep asks that again.
    """
    current()
    enqueue("payments.check_checkout", checkout_id=checkout_id)


def _take_turns(kind: str, subject_id: UUID) -> None:
    """Wait for others who claim for this subject; there may be no row yet that could be locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"checkout:{kind}:{subject_id}"],
        )
