"""Put on the way to Stripe what was finalized: a row for each, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from billing.models import CreditNote, Invoice, Push, PushDesk
from core.jobs import enqueue
from core.tenancy import current

# Nothing is to be paid of an invoice over zero, so Stripe need not know of it.
_PUSHES = """
INSERT INTO billing_push
    (tenant_id, organization_id, invoice_id, step, state, next_at, generation, lines_sent,
     is_collapsed, calls, attempts, last_error, hosted_url, pdf_url, sending, differences)
SELECT tenant_id, organization_id, id, 'create', 'queued', %(now)s, 1, 0,
       false, 0, 0, '', '', '', '[]', '[]'
FROM billing_invoice
WHERE id = ANY(%(ids)s) AND state = 'final' AND total_minor > 0
ON CONFLICT (invoice_id) DO NOTHING
"""
_STANDINGS = """
INSERT INTO billing_invoicestanding
    (tenant_id, invoice_id, state, paid_minor, credited_minor, refunded_minor,
     is_paid_out_of_band, attempts, failure, stripe_status)
SELECT tenant_id, id, CASE WHEN total_minor > 0 THEN 'unsent' ELSE 'nothing_due' END, 0, 0, 0,
       false, 0, '', ''
FROM billing_invoice
WHERE id = ANY(%(ids)s) AND state = 'final'
ON CONFLICT (invoice_id) DO NOTHING
"""


def queue_push(invoice: Invoice, *, now: datetime) -> None:
    """Put one final invoice on its way to Stripe; repeating changes nothing. In scope."""
    queue_pushes([invoice.pk], now=now)


def queue_pushes(invoice_ids: Iterable[UUID], *, now: datetime) -> int:
    """Put final invoices on their way to Stripe; two statements, however many. In scope.

    Call it in the transaction that finalizes them. Drafts are left out, those over zero get a
    standing only. Repeating changes nothing. Returns how many are newly on their way.
    """
    found: dict[str, Any] = {"ids": list(invoice_ids), "now": now}
    PushDesk.objects.bulk_create([PushDesk(tenant_id=current().tenant_id)], ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(_STANDINGS, found)
        cursor.execute(_PUSHES, found)
        count = int(cursor.rowcount)
    if count:
        enqueue("billing.wake_pushes")
    return count


def queue_credit_note(credit_note: CreditNote, *, now: datetime) -> Push | None:
    """Put an issued credit note on its way to Stripe; repeating changes nothing. In scope.

    None when its invoice is not sent to Stripe, since then nothing there is to be taken back.
    """
    invoice_push = Push.objects.filter(invoice_id=credit_note.invoice_id).first()
    if invoice_push is None or invoice_push.state == Push.State.DROPPED:
        return None
    push, is_new = Push.objects.get_or_create(
        credit_note=credit_note,
        defaults={
            "tenant_id": credit_note.tenant_id,
            "organization_id": invoice_push.organization_id,
            "step": Push.Step.CREDIT,
            "next_at": now,
        },
    )
    if is_new:
        enqueue("billing.wake_pushes")
    return push


def customer_push(organization_id: UUID, *, now: datetime) -> Push:
    """Return the push of an organization's customer, made if there is none. In scope."""
    Push.objects.bulk_create(
        [
            Push(
                tenant_id=current().tenant_id,
                organization_id=organization_id,
                step=Push.Step.CUSTOMER,
                next_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    return Push.objects.get(organization_id=organization_id, invoice=None, credit_note=None)
