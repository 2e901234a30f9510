"""What the balance at Stripe moved for invoices."""

from __future__ import annotations

from django.db import models

from billing.models.invoice import Invoice
from payments.models import Posting


class InvoicePosting(Posting):
    """A charge that paid an invoice or is on its way, a refund of it, or a dispute about it."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="postings")

    class Meta(Posting.Meta):
        constraints = Posting.rules("invoice")
        indexes = [
            models.Index(fields=["tenant", "happened_at"], name="invoice_posting_by_time"),
        ]
