"""What follows when invoices are final: they stand, and whoever sends them is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

_STAND = """
INSERT INTO billing_invoicestanding (tenant_id, invoice_id, state, paid_minor, credited_minor,
    refunded_minor, is_paid_out_of_band, attempts, failure, stripe_status)
SELECT i.tenant_id, i.id, CASE WHEN i.total_minor = 0 THEN 'nothing_due' ELSE 'unsent' END,
    0, 0, 0, false, 0, '', ''
FROM billing_invoice i WHERE i.id = ANY (%s) AND i.state = 'final'
ON CONFLICT (invoice_id) DO NOTHING
"""


def hand_over(invoices: Sequence[UUID], *, now: datetime) -> None:
    """Note of final invoices what is to be paid; nothing to pay is never sent. In scope.

    Safe to repeat.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAND, [list(invoices)])
