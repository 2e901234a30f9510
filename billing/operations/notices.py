"""What an organization is told of its invoices: what happened, and what to do now.

Each thing is told once. What has settled is ended, so that nobody is asked to pay twice.
"""

from __future__ import annotations

from datetime import datetime

from billing.models import Invoice, InvoiceStanding, Notice
from core.currencies import get_currency
from core.money import Money
from payments.gateway import InvoiceFacts

States = InvoiceStanding.State

# What asks for something to be done; ended when the invoice is settled.
URGENT = ("payment_failed", "action_required", "overdue", "uncollectible", "not_sent")


def tell(invoice: Invoice, *, kind: str, once: str, title: str, text: str) -> None:
    """Tell the organization of an invoice something, once. In scope."""
    Notice.objects.bulk_create(
        [
            Notice(
                tenant_id=invoice.tenant_id,
                organization_id=invoice.organization_id,
                invoice=invoice,
                kind=kind,
                once=f"{invoice.pk}:{once}"[:200],
                title=title[:200],
                text=text[:1000],
            )
        ],
        ignore_conflicts=True,
    )


def end_notices(invoice: Invoice, now: datetime, *kinds: str) -> None:
    """End what was told of an invoice and no longer holds. In scope."""
    Notice.objects.filter(invoice=invoice, kind__in=kinds, ended_at=None).update(ended_at=now)


def tell_standing(standing: InvoiceStanding, facts: InvoiceFacts, now: datetime) -> None:
    """Tell what a standing means to the developer who pays; repeating tells nothing new."""
    invoice = standing.invoice
    if standing.state in (States.PAID, States.VOID):
        end_notices(invoice, now, *URGENT)
    if standing.is_moved_on:
        _tell_moved_on(standing)
    elif standing.state == States.PAID:
        _tell_paid(standing)
    elif standing.state == States.VOID:
        tell(
            invoice, kind="voided", once="voided",
            title=f"Invoice {invoice.number} was cancelled",
            text="There is nothing to pay for it. If you paid it already, write to us.",
        )  # fmt: skip
    elif standing.state == States.UNCOLLECTIBLE:
        tell(
            invoice, kind="uncollectible", once="uncollectible",
            title=f"Invoice {invoice.number} was written off",
            text=f"We no longer try to collect {invoice.total}. It can still be paid: "
            f"{facts.hosted_url}",
        )  # fmt: skip
    elif standing.state == States.PAST_DUE:
        _tell_past_due(standing, facts)
    if facts.moved_minor < 0:
        _tell_asked_besides(invoice, -facts.moved_minor)
    _tell_returned(standing)


def _tell_moved_on(standing: InvoiceStanding) -> None:
    invoice = standing.invoice
    smallest = Money(get_currency(invoice.currency).minimum, invoice.currency)
    tell(
        invoice, kind="moved_on", once="moved_on",
        title=f"Invoice {invoice.number} is too small to be charged by itself",
        text=f"{invoice.total} is less than the {smallest} that can be charged at least. You are "
        "asked for it together with your next invoice; there is nothing to do now.",
    )  # fmt: skip


def _tell_asked_besides(invoice: Invoice, minor: int) -> None:
    besides = Money(minor, invoice.currency)
    together = Money(invoice.total_minor + minor, invoice.currency)
    tell(
        invoice, kind="asked_besides", once="asked_besides",
        title=f"You are asked for {besides} besides invoice {invoice.number}",
        text=f"The payment page asks for {together}: {invoice.total} of this invoice, and "
        f"{besides} of earlier ones that were too small to be charged by themselves.",
    )  # fmt: skip


def _tell_paid(standing: InvoiceStanding) -> None:
    invoice = standing.invoice
    how = " outside of our payment page" if standing.is_paid_out_of_band else ""
    tell(
        invoice, kind="paid", once="paid",
        title=f"Thank you: invoice {invoice.number} is paid",
        text=f"{invoice.total} was received{how}. There is nothing left to do.",
    )  # fmt: skip


def _tell_past_due(standing: InvoiceStanding, facts: InvoiceFacts) -> None:
    invoice = standing.invoice
    if facts.needs_action:
        tell(
            invoice, kind="action_required", once=f"action_required:{standing.attempts}",
            title=f"Your bank asks you to confirm the payment of invoice {invoice.number}",
            text=f"Open the payment page and confirm it there: {facts.hosted_url}",
        )  # fmt: skip
    elif facts.is_attempted:
        tell(
            invoice, kind="payment_failed", once=f"payment_failed:{standing.attempts}",
            title=f"The payment of invoice {invoice.number} failed",
            text=f"{standing.failure} {_next_try(standing)} Pay now or change the payment "
            f"method: {facts.hosted_url}",
        )  # fmt: skip
    if standing.overdue_at is not None:
        tell(
            invoice, kind="overdue", once="overdue",
            title=f"Invoice {invoice.number} is overdue",
            text=f"{invoice.total} was due on {invoice.due_on:%d %B %Y}. Pay it here: "
            f"{facts.hosted_url}",
        )  # fmt: skip


def _next_try(standing: InvoiceStanding) -> str:
    if standing.next_attempt_at is None:
        return "It is not tried again by itself."
    return f"It is tried again on {standing.next_attempt_at:%d %B %Y}."


def _tell_returned(standing: InvoiceStanding) -> None:
    invoice = standing.invoice
    if standing.credited_minor:
        tell(
            invoice, kind="credited", once=f"credited:{standing.credited_minor}",
            title=f"Invoice {invoice.number} was reduced by a credit note",
            text="You find the credit note beside the invoice. There is nothing to do.",
        )  # fmt: skip
    if standing.refunded_minor:
        tell(
            invoice, kind="refunded", once=f"refunded:{standing.refunded_minor}",
            title=f"Money was sent back for invoice {invoice.number}",
            text="It reaches the payment method within five to ten days.",
        )  # fmt: skip


def tell_not_sent(invoice: Invoice) -> None:
    """Tell that an invoice could not be sent, and that this is ours to mend. In scope."""
    tell(
        invoice, kind="not_sent", once="not_sent",
        title=f"Invoice {invoice.number} cannot be paid yet",
        text="It is right as you see it here, but could not be passed to our payment page. We "
        "are looking into it; you need not do anything, and will not be late because of it.",
    )  # fmt: skip
