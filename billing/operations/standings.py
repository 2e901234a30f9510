"""What has become of an invoice's money: always as Stripe says when asked, never by an event.

An event only says which invoice to ask about. So events may come in any order, twice or not at
all: whoever asked last writes, and what was asked for earlier is not written over it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Q
from django.urls import reverse

from billing.models import Invoice, InvoicePosting, InvoiceStanding, Push
from billing.operations.notices import tell_standing
from billing.operations.push.rows import tell_stopped
from billing.queries.accounts import account_of
from core.tenancy import scope
from payments.gateway import WORKER, InvoiceFacts, Invoices
from payments.gateway.charges import ChargeFacts, Charges, ObjectionFacts
from payments.models import Checkout, Posting, StripeAccount
from payments.operations.owners import tell_of_objection
from payments.operations.postings import keep_postings, objection_of

log = structlog.get_logger(__name__)

States = InvoiceStanding.State
Clock = Callable[[], datetime]

# Without any event an open invoice that is past due is asked about this often.
ASK_AGAIN = timedelta(hours=24)
BATCH = 200


def refresh_standing(
    *, tenant_id: UUID, stripe_invoice_id: str, now: datetime, clock: Clock | None = None
) -> InvoiceStanding | None:
    """Ask Stripe about an invoice and write what it says. Outside any scope.

    None when the invoice is not one of ours, or is still on its way there, which tells by itself.
    Repeating is safe. Raises StripeUnavailable, StripeRefused.
    """
    with scope(tenant_id):
        push = Push.objects.filter(stripe_id=stripe_invoice_id).first()
        if push is None or push.invoice_id is None or push.state in Push.OPEN:
            return None
        account = account_of()
        pending = InvoicePosting.objects.filter(
            invoice=push.invoice_id, kind=Posting.Kind.CHARGE, status="pending"
        ).exists()
    asked_at = now if clock is None else clock()
    facts = Invoices(account, patience=WORKER).read(stripe_invoice_id)
    intents = facts.payment_intents if pending else facts.moving_intents
    charges, disputes = _money_of(account, intents)
    with scope(tenant_id):
        if push.state == Push.State.DONE and facts.hosted_url != push.hosted_url:
            Push.objects.filter(pk=push.pk).update(
                hosted_url=facts.hosted_url[:500], pdf_url=facts.pdf_url[:500]
            )
        standing = keep_standing(
            push.invoice_id,
            facts,
            read_at=asked_at,
            now=now,
            refunded_minor=_refunded(facts, charges),
        )
        disputed = keep_postings(
            InvoicePosting,
            tenant_id=tenant_id,
            charges=charges,
            disputes=disputes,
            read_at=asked_at,
            invoice_id=push.invoice_id,
        )
        for dispute in disputed:
            _tell_disputed(standing.invoice, dispute, now)
        if facts.status == "void" and standing.invoice.state == Invoice.State.FINAL:
            _tell_voided_there(push, now)
        return standing


def _tell_disputed(invoice: Invoice, dispute: Posting, now: datetime) -> None:
    tell_of_objection(
        objection_of(dispute),
        what=f"invoice {invoice.number}",
        subject_id=invoice.pk,
        path=reverse("admin:billing_invoice_change", args=[invoice.pk]),
        now=now,
    )


def _tell_voided_there(push: Push, now: datetime) -> None:
    """Put an invoice on the worklist that somebody voided at Stripe, while it is final here."""
    Push.objects.filter(pk=push.pk, state=Push.State.DONE).update(
        state=Push.State.BLOCKED,
        last_error="It was voided at Stripe, but is final here. Void it here too, so that its "
        "period can be billed anew.",
    )
    log.warning("invoice_voided_at_stripe", push_id=str(push.pk))
    tell_stopped(push, "An invoice was voided at Stripe, but is final here.", now)


def _money_of(
    account: StripeAccount, intents: tuple[str, ...]
) -> tuple[list[ChargeFacts], list[ObjectionFacts]]:
    """Ask for the charges of payment intents that took money, and the disputes about them."""
    gateway = Charges(account, patience=WORKER)
    charges = [charge for intent in intents for charge in gateway.of_intent(intent)]
    disputes = [
        dispute
        for charge in charges
        if charge.is_disputed
        for dispute in gateway.list_disputes(charge_id=charge.charge_id)
    ]
    return charges, disputes


def _refunded(facts: InvoiceFacts, charges: list[ChargeFacts]) -> int | None:
    """Return what went back of the invoice's payments; None while nothing was paid."""
    if facts.status != "paid" or not facts.payment_intents:
        return None
    refunds = [one for charge in charges for one in charge.refunds]
    return sum(one.amount_minor for one in refunds if one.status in ("succeeded", "pending"))


def refresh_payment(
    *, tenant_id: UUID, payment_intent_id: str, now: datetime
) -> InvoiceStanding | None:
    """Ask about the invoice that a payment intent pays; None when it is none of ours."""
    if not payment_intent_id:
        return None
    with scope(tenant_id):
        if Checkout.objects.filter(stripe_payment_intent_id=payment_intent_id).exists():
            return None
        account = account_of()
    found = Invoices(account, patience=WORKER).invoice_of_payment(payment_intent_id)
    if not found:
        return None
    return refresh_standing(tenant_id=tenant_id, stripe_invoice_id=found, now=now)


def keep_standing(
    invoice_id: UUID,
    facts: InvoiceFacts,
    *,
    read_at: datetime,
    now: datetime,
    refunded_minor: int | None = None,
) -> InvoiceStanding:
    """Write what Stripe said at `read_at`, unless it was asked later already. In scope.

    Paid stays paid, but for a void of ours; nothing leads back to not being sent.
    """
    standing = (
        InvoiceStanding.objects.select_for_update(of=("self",))
        .select_related("invoice__organization")
        .get(invoice_id=invoice_id)
    )
    is_older = standing.read_at is not None and read_at < standing.read_at
    if is_older or standing.state == States.VOID:
        return standing
    before = standing.state
    for name, value in _told(facts, now).items():
        setattr(standing, name, value)
    if before == States.PAID and standing.state not in (States.PAID, States.VOID):
        standing.state = States.PAID
    standing.read_at = read_at
    if refunded_minor is not None:
        standing.refunded_minor = refunded_minor
    standing.paid_at = standing.paid_at or (now if standing.state == States.PAID else None)
    standing.save()
    if standing.state != before:
        log.info("standing_moved", invoice_id=str(invoice_id), was=before, now=standing.state)
    tell_standing(standing, facts, now)
    return standing


def _told(facts: InvoiceFacts, now: datetime) -> dict[str, Any]:
    """Return the columns that an invoice at Stripe leads to."""
    is_overdue = facts.status == "open" and facts.due_at is not None and facts.due_at <= now
    has_failed = facts.status == "open" and facts.is_attempted
    return {
        "state": _state(facts, is_past_due=is_overdue or has_failed),
        "paid_minor": facts.settled_minor,
        "credited_minor": facts.credited_minor,
        "paid_at": facts.paid_at,
        "is_paid_out_of_band": facts.status == "paid" and facts.paid_elsewhere_minor > 0,
        "attempts": facts.attempts,
        "next_attempt_at": facts.next_attempt_at if facts.status == "open" else None,
        "failed_at": facts.failed_at,
        "failure": _failure(facts) if has_failed else "",
        "overdue_at": facts.due_at if is_overdue else None,
        "stripe_status": facts.status[:20],
    }


def _state(facts: InvoiceFacts, *, is_past_due: bool) -> str:
    if facts.status == "open":
        return States.PAST_DUE if is_past_due else States.OPEN
    known = {
        "paid": States.PAID,
        "uncollectible": States.UNCOLLECTIBLE,
        "void": States.VOID,
        "draft": States.UNSENT,
    }
    return known[facts.status]


def _failure(facts: InvoiceFacts) -> str:
    if facts.failure:
        return facts.failure
    if facts.needs_action:
        return "The bank asks the payer to confirm the payment."
    return "No saved payment method could be charged."


def standings_to_ask(*, tenant_id: UUID, now: datetime) -> list[str]:
    """Return the Stripe ids of invoices whose due day has passed unnoticed. Opens a scope.

    Their events may never have come: each is asked about once a day.
    """
    waited = Q(read_at=None) | Q(read_at__lte=now - ASK_AGAIN)
    with scope(tenant_id):
        rows = InvoiceStanding.objects.filter(
            waited,
            state__in=[States.OPEN, States.PAST_DUE],
            invoice__due_on__lte=now.date() + timedelta(days=1),
            invoice__push__state=Push.State.DONE,
        )
        found = rows.order_by("read_at").values_list("invoice__push__stripe_id", flat=True)
        return [stripe_id for stripe_id in found[:BATCH] if stripe_id]
