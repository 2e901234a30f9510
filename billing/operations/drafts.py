"""Drafts taken back: their periods wait for an invoice again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

_FLAG_AGAIN = """
UPDATE billing_billingperiod p SET recheck_at = now()
FROM (SELECT DISTINCT l.organization_id, l.charged_from
      FROM billing_invoice i
      JOIN billing_invoiceline l ON l.invoice_id = i.id
      JOIN billing_billingperiod own ON own.id = i.period_id
      WHERE i.id = ANY (%(invoices)s) AND l.source IN ('usage', 'minimum', 'fee')
        AND l.charged_from < own.starts_on) AS late
WHERE p.organization_id = late.organization_id AND p.starts_on = late.charged_from
    AND p.state = 'invoiced'
"""

_TAKE_BACK = """
WITH gone AS (
    DELETE FROM billing_invoice WHERE id = ANY (%(invoices)s) AND state = 'draft'
    RETURNING id, period_id),
lines AS (
    DELETE FROM billing_invoiceline l USING gone WHERE l.invoice_id = gone.id)
UPDATE billing_billingperiod p SET state = 'closed' FROM gone WHERE p.id = gone.period_id
"""


def flag_what_they_charged(invoices: Sequence[UUID]) -> None:
    """Have the next invoice look again at earlier periods that these invoices held lines of.

    For whoever voids an invoice or takes a draft back: its late lines would be lost otherwise.
    In scope, before the lines are gone. Safe to repeat.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FLAG_AGAIN, {"invoices": list(invoices)})


def take_back_drafts(invoices: Sequence[UUID]) -> int:
    """Delete drafts, so that their periods are closed and not yet invoiced. In scope.

    Final invoices among them are left alone. Returns how many were deleted. Safe to repeat.
    """
    flag_what_they_charged(invoices)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_BACK, {"invoices": list(invoices)})
        return int(cursor.rowcount)
