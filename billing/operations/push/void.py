"""Push a void: whatever stands at Stripe of an invoice that was voided here is ended there."""

from __future__ import annotations

from datetime import timedelta

from billing.models import InvoiceStanding, Push
from billing.operations.push.rows import Turn
from core.tenancy import scope
from payments.gateway import BULK, InvoiceFacts, Invoices, StripeRefused
from payments.models import StripeAccount

# So long may a call that was under way when the invoice was voided still take effect.
IN_THE_DARK = timedelta(minutes=10)
LOOK_BACK = timedelta(days=1)


def push_void(turn: Turn, account: StripeAccount) -> None:
    """End a voided invoice at Stripe: its draft is deleted, what is open is voided.

    Outside any scope. Repeating is safe. Raises StripeUnavailable, StripeRefused.
    """
    gateway = Invoices(account, patience=BULK)
    if turn.push.stripe_id is None:
        facts = _look_for_it(turn, gateway)
        if facts is None:
            return
        turn.hold(stripe_id=facts.invoice_id)
    else:
        try:
            facts = gateway.read(turn.push.stripe_id)
        except StripeRefused as refusal:
            if refusal.status != 404:
                raise
            _done(turn, "The draft was deleted at Stripe.")
            return
    _end_it(turn, gateway, facts)


def _look_for_it(turn: Turn, gateway: Invoices) -> InvoiceFacts | None:
    """Find what a call without an answer may have made; without it the void is done."""
    push = turn.push
    customer = push.organization.stripe_customer_id
    wanted = {"taproom_invoice": str(push.invoice_id)}
    since = push.created_at - LOOK_BACK
    found = gateway.find(wanted, customer_id=customer, since=since) if customer else []
    if found:
        return found[0]
    if push.key_used_at is not None and turn.clock() - push.key_used_at < IN_THE_DARK:
        turn.wait("Voided while it was being sent; it is looked for again.", seconds=60)
        return None
    _done(turn, "It was voided before it was sent.")
    return None


def _end_it(turn: Turn, gateway: Invoices, facts: InvoiceFacts) -> None:
    if facts.status == "paid":
        turn.block(
            "It was paid at Stripe before it could be voided there. Send the money back from "
            "Stripe, or bill it anew and tell the customer."
        )
        return
    if facts.is_draft:
        gateway.delete_draft(facts.invoice_id)
        turn.note("deleted", detail=facts.invoice_id)
    elif facts.status in ("open", "uncollectible"):
        key = f"tap:inv:{turn.push.invoice_id}:void:0:{turn.push.generation}"
        gateway.void(facts.invoice_id, key=key)
        turn.note("voided", key=key, detail=facts.invoice_id)
    _done(turn, "")


def _done(turn: Turn, words: str) -> None:
    now = turn.clock()
    with scope(turn.tenant_id):
        was_sent = turn.push.stripe_id is not None
        turn.end(
            state=Push.State.DONE if was_sent else Push.State.DROPPED,
            step=Push.Step.DONE,
            done_at=now,
            last_error=words,
        )
        InvoiceStanding.objects.filter(invoice=turn.push.invoice).update(
            state=InvoiceStanding.State.VOID, read_at=now, next_attempt_at=None,
            stripe_status="void" if was_sent else "",
        )  # fmt: skip
