"""Push a credit note: less to pay, a refund that Stripe makes, or credit that is kept here."""

from __future__ import annotations

from typing import Any

from billing.models import CreditNote, InvoiceStanding, Push
from billing.operations.push.rows import KEY_LIFETIME, Turn
from billing.operations.standings import refresh_standing
from core.observe.money import tell_money
from core.tenancy import scope
from payments.gateway import (
    BULK,
    CreditNoteFacts,
    CreditNotes,
    StripeRefused,
    StripeUnavailable,
)
from payments.models import StripeAccount

Settled = CreditNote.Settled
WAITS_FOR_INVOICE = 60.0


def push_credit_note(turn: Turn, note: CreditNote, account: StripeAccount) -> None:
    """Issue a claimed credit note at Stripe. Outside any scope; repeating is safe.

    Waits until its invoice is there. Raises StripeUnavailable, StripeRefused.
    """
    invoice_push = note.invoice.push
    if note.state == CreditNote.State.VOID:
        _void(turn, CreditNotes(account, patience=BULK), note, invoice_push.stripe_id)
        return
    if invoice_push.state != Push.State.DONE or not invoice_push.stripe_id:
        turn.wait("It waits until its invoice is at Stripe.", seconds=WAITS_FOR_INVOICE)
        return
    gateway = CreditNotes(account, patience=BULK)
    try:
        facts = _made(turn, gateway, note, invoice_push.stripe_id)
    except StripeRefused as refusal:
        if _has_moved(turn, note, invoice_push.stripe_id):
            turn.wait("Its invoice was paid meanwhile; it is credited as a paid one.", seconds=1)
        else:
            turn.block(f"Stripe refuses the credit note: {refusal}")
        return
    if facts.amount_minor != note.amount_minor or facts.currency != note.currency:
        ours, theirs = f"{note.amount_minor}", f"{facts.amount_minor}"
        turn.block(
            f"The credit note at Stripe is over {theirs}, ours over {ours} (minor units).",
            state=Push.State.MISMATCH,
            differences=[["amount", ours, theirs]],
        )
        return
    with scope(turn.tenant_id):
        turn.end(
            state=Push.State.DONE, step=Push.Step.DONE, stripe_id=facts.credit_note_id,
            done_at=turn.clock(), last_error="",
        )  # fmt: skip
        tell_money(
            "credit_note_pushed",
            amount_minor=note.amount_minor,
            currency=note.currency,
            credit_note_id=note.pk,
            stripe_credit_note_id=facts.credit_note_id,
        )
    refresh_standing(
        tenant_id=turn.tenant_id, stripe_invoice_id=invoice_push.stripe_id, now=turn.clock()
    )


def _has_moved(turn: Turn, note: CreditNote, stripe_invoice_id: str) -> bool:
    """Ask Stripe about the invoice; tells whether it is in another state than we thought."""
    with scope(turn.tenant_id):
        before = InvoiceStanding.objects.get(invoice_id=note.invoice_id).state
    found = refresh_standing(
        tenant_id=turn.tenant_id, stripe_invoice_id=stripe_invoice_id, now=turn.clock()
    )
    return found is not None and found.state != before


def _void(
    turn: Turn, gateway: CreditNotes, note: CreditNote, stripe_invoice_id: str | None
) -> None:
    """Void at Stripe what was voided here; a note whose answer was lost is looked for first."""
    stripe_id = turn.push.stripe_id
    if stripe_id is None and stripe_invoice_id is not None:
        ours = str(note.pk)
        found = (
            one.credit_note_id
            for one in gateway.of_invoice(stripe_invoice_id)
            if one.metadata.get("taproom_credit_note") == ours and one.status != "void"
        )
        stripe_id = next(found, None)
    if stripe_id is not None:
        try:
            facts = gateway.void(stripe_id, key=f"tap:crn:{note.pk}:void:{turn.push.generation}")
            turn.note("voided", detail=facts.credit_note_id)
        except StripeRefused as refusal:
            if refusal.replayed:
                turn.use_new_key()
                raise StripeUnavailable(str(refusal)) from refusal
            if not _is_void_there(gateway, stripe_invoice_id, stripe_id):
                turn.block(f"Stripe refuses to void the credit note: {refusal}")
                return
    with scope(turn.tenant_id):
        turn.end(
            state=Push.State.DONE if stripe_id else Push.State.DROPPED, step=Push.Step.DONE,
            stripe_id=stripe_id, done_at=turn.clock(), last_error="",
        )  # fmt: skip
    if stripe_invoice_id is not None:
        refresh_standing(
            tenant_id=turn.tenant_id, stripe_invoice_id=stripe_invoice_id, now=turn.clock()
        )


def _is_void_there(gateway: CreditNotes, stripe_invoice_id: str | None, stripe_id: str) -> bool:
    found = gateway.of_invoice(stripe_invoice_id) if stripe_invoice_id else []
    return any(one.credit_note_id == stripe_id and one.status == "void" for one in found)


def _made(
    turn: Turn, gateway: CreditNotes, note: CreditNote, stripe_invoice_id: str
) -> CreditNoteFacts:
    push = turn.push
    if push.key_used_at is None:
        turn.hold(key_used_at=turn.clock())
    elif turn.clock() - push.key_used_at > KEY_LIFETIME:
        return _found_or_new(turn, gateway, note, stripe_invoice_id)
    try:
        return _asked(turn, gateway, note, stripe_invoice_id)
    except StripeUnavailable as error:
        if not error.replayed:
            raise
    except StripeRefused as refusal:
        if not (refusal.replayed or refusal.code == "idempotency_error"):
            raise
    return _found_or_new(turn, gateway, note, stripe_invoice_id)


def _found_or_new(
    turn: Turn, gateway: CreditNotes, note: CreditNote, stripe_invoice_id: str
) -> CreditNoteFacts:
    """Look for it by our id in its metadata, and issue it under a new key if it is not there."""
    ours = str(note.pk)
    for found in gateway.of_invoice(stripe_invoice_id):
        if found.metadata.get("taproom_credit_note") == ours and found.status != "void":
            turn.note("found", detail=found.credit_note_id)
            return found
    turn.use_new_key()
    return _asked(turn, gateway, note, stripe_invoice_id)


def _asked(
    turn: Turn, gateway: CreditNotes, note: CreditNote, stripe_invoice_id: str
) -> CreditNoteFacts:
    with scope(turn.tenant_id):
        standings = InvoiceStanding.objects.select_related("invoice")
        standing = standings.get(invoice_id=note.invoice_id)
    key = f"tap:crn:{note.pk}:{turn.push.generation}"
    params = credit_note_params(note, standing, stripe_invoice_id)
    try:
        facts = gateway.create(params, key=key)
    except (StripeUnavailable, StripeRefused) as error:
        turn.note("failed", key=key, detail=str(error))
        raise
    turn.note("issued", key=key, detail=facts.credit_note_id)
    return facts


def credit_note_params(
    note: CreditNote, standing: InvoiceStanding, stripe_invoice_id: str
) -> dict[str, Any]:
    """Return what a credit note is made of.

    Of a paid invoice Stripe wants to know where the money goes: back to the payer by a refund of
    its own, or, kept here or paid elsewhere, out of its sight. What was to be less to pay goes back
    too, when all of it was paid before Stripe heard of the note.
    """
    line = {
        "type": "custom_line_item",
        "description": f"{note.number}: {note.reason}"[:500],
        "quantity": 1,
        "unit_amount": note.amount_minor,
    }
    params: dict[str, Any] = {
        "invoice": stripe_invoice_id,
        "lines": [line],
        "memo": f"Credit note {note.number}: {note.reason}",
        "metadata": {
            "taproom_credit_note": str(note.pk),
            "taproom_tenant": str(note.tenant_id),
        },
    }
    if standing.state == InvoiceStanding.State.PAID:
        is_kept = note.settled_by == Settled.PREPAID or standing.is_moved_on
        is_refund = not is_kept and not standing.is_paid_out_of_band
        params["refund_amount" if is_refund else "out_of_band_amount"] = note.amount_minor
    return params
