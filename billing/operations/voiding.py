"""Void a final invoice: here first, and then, by its push, at Stripe."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F

from billing.models import BillingPeriod, CreditNote, Invoice, InvoiceStanding, Push, WalletEntry
from billing.operations.drafts import flag_what_they_charged
from billing.operations.notices import URGENT, end_notices, tell
from core.jobs import enqueue
from core.models import User

log = structlog.get_logger(__name__)


class NotVoidable(Exception):
    """The invoice cannot be voided; the message says why, and what to do instead."""


def void_invoice(*, invoice_id: UUID, reason: str, by: User | None, now: datetime) -> Invoice:
    """Void a final invoice, so that its period can be billed anew. In scope.

    Its figures stay. Prepaid credit that it used goes back. What stands at Stripe is ended by the
    push, also when a worker is at it right now. A void invoice is returned as it is. Raises
    NotVoidable for a draft, a paid one, and one with credit notes; Invoice.DoesNotExist.
    """
    invoice = Invoice.objects.select_for_update(of=("self",)).get(pk=invoice_id)
    if invoice.state == Invoice.State.VOID:
        return invoice
    standing = InvoiceStanding.objects.select_for_update().filter(invoice=invoice).first()
    _demand_voidable(invoice, standing)
    # Late lines of earlier periods stood on it too; the next invoice looks at those again.
    flag_what_they_charged([invoice.pk])
    invoice.state = Invoice.State.VOID
    invoice.voided_at = now
    invoice.void_reason = (reason.strip() or "No reason given")[:300]
    invoice.voided_by = by
    invoice.save(update_fields=["state", "voided_at", "void_reason", "voided_by"])
    BillingPeriod.objects.filter(pk=invoice.period_id, state=BillingPeriod.State.INVOICED).update(
        state=BillingPeriod.State.CLOSED
    )
    # Its lines for earlier periods are owed again, and found by the next invoice.
    flag_what_they_charged([invoice.pk])
    _give_credit_back(invoice, by)
    if standing is not None:
        InvoiceStanding.objects.filter(pk=standing.pk).update(
            state=InvoiceStanding.State.VOID, next_attempt_at=None
        )
    _end_at_stripe(invoice, now)
    end_notices(invoice, now, *URGENT)
    tell(
        invoice, kind="voided", once="voided",
        title=f"Invoice {invoice.number} was cancelled",
        text=f"{invoice.void_reason}. There is nothing to pay; what was used is billed anew.",
    )  # fmt: skip
    log.info("invoice_voided", invoice_id=str(invoice.pk))
    return invoice


def _demand_voidable(invoice: Invoice, standing: InvoiceStanding | None) -> None:
    if invoice.state != Invoice.State.FINAL:
        raise NotVoidable("This invoice is a draft. Compile it anew instead.")
    if standing is not None and standing.state == InvoiceStanding.State.PAID:
        raise NotVoidable("This invoice is paid. Give the money back by a credit note instead.")
    if invoice.credit_notes.filter(state=CreditNote.State.ISSUED).exists():
        raise NotVoidable("A credit note was issued for it. Credit what is left of it instead.")


def _give_credit_back(invoice: Invoice, by: User | None) -> None:
    used = WalletEntry.objects.filter(invoice=invoice, kind=WalletEntry.Kind.USED).first()
    if used is None:
        return
    WalletEntry.objects.create(
        tenant_id=invoice.tenant_id,
        organization_id=invoice.organization_id,
        kind=WalletEntry.Kind.RETURNED,
        amount_minor=-used.amount_minor,
        invoice=invoice,
        note=f"Invoice {invoice.number} was voided",
        made_by=by,
    )


def _end_at_stripe(invoice: Invoice, now: datetime) -> None:
    """Have the push end what is at Stripe; one that was never begun is dropped at once.

    Counting an attempt takes the lease from a worker that is at it: it writes nothing more.
    """
    rows = Push.objects.filter(invoice=invoice)
    unbegun = rows.filter(stripe_id=None, key_used_at=None, attempts=0)
    dropped = unbegun.update(
        state=Push.State.DROPPED, step=Push.Step.DONE, next_at=None, done_at=now,
        last_error="It was voided before it was sent.",
    )  # fmt: skip
    if not dropped and rows.update(
        state=Push.State.QUEUED, step=Push.Step.VOID, next_at=now, leased_until=None, done_at=None,
        attempts=F("attempts") + 1, generation=F("generation") + 1, differences=[],
    ):  # fmt: skip
        enqueue("billing.wake_pushes")
