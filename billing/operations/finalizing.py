"""Drafts of a run made final, many at once: number, days, hash, prepaid credit, hand-over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db import connection

from billing.models import BillingPeriod, BillingRun, Invoice, NumberSeries
from billing.operations.compiling import recompile
from billing.operations.handing_over import hand_over
from billing.operations.numbering import take_numbers
from billing.queries.content import hashes
from core.periods import today

log = structlog.get_logger(__name__)

# In the order of organizations, and of each the oldest period first.
_CLAIM = """
SELECT i.id FROM billing_invoice i JOIN billing_billingperiod p ON p.id = i.period_id
WHERE i.run_id = %(run)s AND i.state = 'draft'
ORDER BY i.organization_id, p.starts_on LIMIT %(limit)s
FOR UPDATE OF i SKIP LOCKED
"""

_LOCK_WALLETS = """
SELECT o.id FROM billing_organization o WHERE o.id IN (
    SELECT l.organization_id FROM billing_invoiceline l
    WHERE l.invoice_id = ANY (%(invoices)s) AND l.source = 'prepaid')
ORDER BY o.id FOR NO KEY UPDATE
"""

# Drafts of organizations that have less prepaid credit by now than their drafts use.
_OVERDRAWN = """
WITH used AS (
    SELECT l.organization_id, sum(l.amount_minor) AS amount FROM billing_invoiceline l
    WHERE l.invoice_id = ANY (%(invoices)s) AND l.source = 'prepaid' GROUP BY l.organization_id)
SELECT i.id FROM used u JOIN billing_invoice i
    ON i.organization_id = u.organization_id AND i.id = ANY (%(invoices)s)
WHERE u.amount + (SELECT coalesce(sum(w.amount_minor), 0) FROM billing_walletentry w
    WHERE w.organization_id = u.organization_id) < 0
"""

_USE_PREPAID = """
INSERT INTO billing_walletentry (tenant_id, organization_id, kind, amount_minor, invoice_id, note)
SELECT i.tenant_id, i.organization_id, 'used', l.amount_minor, i.id, ''
FROM billing_invoice i JOIN billing_invoiceline l ON l.invoice_id = i.id AND l.source = 'prepaid'
WHERE i.id = ANY (%(invoices)s)
"""

_FINALIZE = f"""
WITH dated AS MATERIALIZED (
    SELECT i.id, i.organization_id, i.period_id, i.currency, i.collection, i.tax_name,
        i.tax_percentage, i.tax_is_inclusive, i.net_minor, i.tax_minor, i.total_minor,
        i.lines_count, z.today AS issued_on, z.today + o.net_days AS due_on,
        %(prefix)s::text || (%(first)s + row_number() OVER (
            ORDER BY i.organization_id, p.starts_on) - 1) AS number
    FROM billing_invoice i
    JOIN billing_billingperiod p ON p.id = i.period_id
    JOIN billing_organization o ON o.id = i.organization_id
    JOIN unnest(%(zone)s::text[], %(today)s::date[]) AS z(zone, today) ON z.zone = o.time_zone
    WHERE i.id = ANY (%(invoices)s)),
hashed AS ({hashes("dated")})
UPDATE billing_invoice i SET state = 'final', number = d.number, issued_on = d.issued_on,
    due_on = d.due_on, finalized_at = %(now)s, content_sha256 = h.content_sha256
FROM dated d JOIN hashed h USING (id) WHERE i.id = d.id
"""  # noqa: S608 - ours


def finalize_next(*, run: BillingRun, limit: int, now: datetime) -> int:
    """Finalize up to `limit` drafts of a run and hand them over. In scope.

    A draft that would use more prepaid credit than is left is made anew instead, and is final
    with one of the next chunks. Returns how many drafts were dealt with.
    """
    invoices = _ids(_CLAIM, {"run": run.pk, "limit": limit})
    if not invoices:
        return 0
    # From here on nobody else uses the credit of these organizations.
    _ids(_LOCK_WALLETS, {"invoices": invoices})
    overdrawn = _ids(_OVERDRAWN, {"invoices": invoices})
    if overdrawn:
        _recompile_all(overdrawn, run, now)
    sound = [invoice for invoice in invoices if invoice not in set(overdrawn)]
    if sound:
        _finalize(sound, run, now)
    return len(invoices)


def _finalize(invoices: Sequence[UUID], run: BillingRun, now: datetime) -> None:
    zones = _zones(invoices)
    with connection.cursor() as cursor:
        cursor.execute(_USE_PREPAID, {"invoices": list(invoices)})
    prefix, first = take_numbers(
        tenant_id=run.tenant_id, kind=NumberSeries.Kind.INVOICE, count=len(invoices)
    )
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "invoices": list(invoices),
            "prefix": prefix,
            "first": first,
            "zone": zones,
            "today": [today(now, ZoneInfo(zone)) for zone in zones],
            "now": now,
        }
        cursor.execute(_FINALIZE, values)
        if cursor.rowcount != len(invoices):
            raise RuntimeError(f"{cursor.rowcount} of {len(invoices)} invoices became final.")
    hand_over(invoices, now=now)


def _recompile_all(invoices: Sequence[UUID], run: BillingRun, now: datetime) -> None:
    periods = BillingPeriod.objects.filter(invoices__in=invoices).select_related("organization")
    for period in periods.order_by("organization_id", "starts_on"):
        log.info("draft_recompiled_for_prepaid", period_id=str(period.pk))
        recompile(period, run=run, now=now)


def _zones(invoices: Sequence[UUID]) -> list[str]:
    rows = Invoice.objects.filter(pk__in=invoices).order_by()
    return list(rows.values_list("organization__time_zone", flat=True).distinct())


def _ids(statement: str, values: dict[str, Any]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]
