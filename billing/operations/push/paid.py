"""Push that an invoice was paid outside of Stripe, so that nobody is asked for it there again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F

from billing.models import Invoice, InvoiceStanding, Push
from billing.operations.push.rows import Turn
from billing.operations.standings import keep_standing
from core.jobs import enqueue
from core.observe.money import tell_money
from core.tenancy import scope
from payments.gateway import BULK, InvoiceFacts, Invoices, StripeRefused, StripeUnavailable
from payments.models import StripeAccount

log = structlog.get_logger(__name__)

Standings = InvoiceStanding.State
Step = Push.Step

PAYABLE = (Standings.OPEN, Standings.PAST_DUE, Standings.UNCOLLECTIBLE)


class NotPayable(Exception):
    """The invoice is not in a state in which it can be marked paid."""


def ask_paid_elsewhere(*, invoice_id: UUID, now: datetime) -> None:
    """Put it on an invoice's push that it was paid outside of Stripe. In scope.

    Repeating is safe, also while it is under way, and tries again what Stripe refused. Raises
    NotPayable for one that is not at Stripe, or of which nothing is open.
    """
    standing = InvoiceStanding.objects.filter(invoice_id=invoice_id).first()
    push = Push.objects.filter(invoice_id=invoice_id).first()
    is_asked = push is not None and push.step == Step.PAID
    if push is None or standing is None or not (is_asked or push.state == Push.State.DONE):
        raise NotPayable("This invoice is not at Stripe yet, so it cannot be marked paid there.")
    if standing.state not in PAYABLE:
        state = standing.get_state_display().lower()
        raise NotPayable(f"This invoice is {state}: nothing of it is open.")
    idle = Push.objects.filter(pk=push.pk, invoice__state=Invoice.State.FINAL, leased_until=None)
    if idle.filter(state__in=[Push.State.DONE, Push.State.BLOCKED]).update(
        state=Push.State.QUEUED, step=Step.PAID, next_at=now, done_at=None, last_error="",
        generation=F("generation") + 1,
    ):  # fmt: skip
        log.info("paid_elsewhere_asked", invoice_id=str(invoice_id))
    enqueue("billing.wake_pushes")


def push_paid(turn: Turn, account: StripeAccount) -> None:
    """Tell Stripe that what is open of an invoice came elsewhere, and write what it says then.

    Outside any scope. Stripe is read before each try, so that repeating is safe. Raises
    StripeUnavailable, StripeRefused, LeaseLost.
    """
    gateway = Invoices(account, patience=BULK)
    facts = gateway.read(turn.push.stripe_id or "")
    if facts.status in ("open", "uncollectible"):
        if not _pay(turn, gateway, facts.invoice_id):
            return
        facts = gateway.read(facts.invoice_id)
    if facts.status == "paid":
        _done(turn, facts)
    else:
        turn.block(f"It cannot be marked paid: at Stripe it is {facts.status}.")


def _pay(turn: Turn, gateway: Invoices, stripe_id: str) -> bool:
    """Ask for it; False when the push was put off or left to a person instead."""
    key = f"tap:inv:{turn.push.invoice_id}:paid:0:{turn.push.generation}"
    try:
        gateway.pay_elsewhere(stripe_id, key=key)
    except StripeUnavailable as error:
        turn.note("no answer", key=key, detail=str(error))
        if error.replayed:
            turn.use_new_key()
        raise
    except StripeRefused as refusal:
        turn.note("refused", key=key, detail=str(refusal))
        return _refused(turn, gateway, refusal)
    turn.note("paid", key=key, detail=stripe_id)
    return True


def _refused(turn: Turn, gateway: Invoices, refusal: StripeRefused) -> bool:
    if refusal.replayed or refusal.code == "idempotency_error" or refusal.status >= 500:
        turn.use_new_key()
        turn.postpone(f"Stripe repeats an old refusal: {refusal}")
        return False
    if refusal.status in (401, 403):
        turn.postpone(f"Stripe does not accept the account's key: {refusal}", seconds=300)
        raise StripeUnavailable(str(refusal))
    # The payer may have been quicker; otherwise this is a certain no.
    if gateway.read(turn.push.stripe_id or "").status == "paid":
        return True
    turn.block(f"Stripe does not take it as paid: {refusal}")
    return False


def _done(turn: Turn, facts: InvoiceFacts) -> None:
    push, now = turn.push, turn.clock()
    with scope(turn.tenant_id):
        turn.end(
            state=Push.State.DONE,
            step=Step.DONE,
            done_at=now,
            last_error="",
            hosted_url=facts.hosted_url[:500],
            pdf_url=facts.pdf_url[:500],
        )
        if push.invoice is None:
            raise RuntimeError(f"push {push.pk} is of no invoice")
        keep_standing(push.invoice.pk, facts, read_at=now, now=now)
        if facts.paid_elsewhere_minor:
            tell_money(
                "invoice_paid_elsewhere",
                amount_minor=facts.paid_elsewhere_minor,
                currency=facts.currency,
                invoice_id=push.invoice.pk,
                stripe_invoice_id=push.stripe_id,
            )
