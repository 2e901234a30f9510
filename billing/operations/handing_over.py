"""What follows when invoices are final: they go to the push desk, and listeners are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from billing.models import Invoice
from billing.operations.push.queue import queue_pushes
from core.models import WebhookEndpoint
from core.operations.outgoing import announce

FINALIZED = "invoice.finalized"


def hand_over(invoices: Sequence[UUID], *, now: datetime) -> None:
    """Put final invoices on their way and announce each, in the transaction that numbers them.

    In scope. Repeating would announce them again.
    """
    queue_pushes(invoices, now=now)
    # Asked once: of tens of thousands of invoices mostly nobody wants to be told.
    listening = WebhookEndpoint.objects.filter(is_active=True)
    if listening.filter(Q(event_types=[]) | Q(event_types__contains=[FINALIZED])).exists():
        for invoice in Invoice.objects.filter(pk__in=invoices).order_by("number"):
            announce(FINALIZED, _payload(invoice), subject=str(invoice.pk), now=now)


def _payload(invoice: Invoice) -> dict[str, object]:
    return {
        "invoice": str(invoice.pk),
        "number": invoice.number,
        "organization": str(invoice.organization_id),
        "currency": invoice.currency,
        "total_minor": invoice.total_minor,
        "issued_on": str(invoice.issued_on),
        "due_on": str(invoice.due_on),
        "content_sha256": invoice.content_sha256,
    }
