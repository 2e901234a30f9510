"""The content of an invoice: one text, written alike by PostgreSQL and by Python, and its hash.

Runs hash tens of thousands of invoices in SQL; whoever proves one writes the same text in Python
and compares. Each line of the text is `name=value`, and values hold no raw line break, so that two
different invoices never give the same text. Names and addresses are left out: the copy of the
payer may be encrypted anew or erased, the money facts may not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from billing.models import BillingPeriod, Invoice, InvoiceLine

# In the order in which they are told. The places of decimals are those of the columns.
_HEAD = {
    "invoice": "i.id",
    "number": "i.number",
    "organization": "i.organization_id",
    "period": "to_char(p.starts_on, 'YYYY-MM-DD') || '/' || to_char(p.ends_on, 'YYYY-MM-DD')",
    "currency": "i.currency",
    "issued_on": "to_char(i.issued_on, 'YYYY-MM-DD')",
    "due_on": "to_char(i.due_on, 'YYYY-MM-DD')",
    "collection": "i.collection",
    "tax_name": "i.tax_name",
    "tax_percentage": "i.tax_percentage::numeric(9, 6)",
    "tax_is_inclusive": "CASE WHEN i.tax_is_inclusive THEN 'yes' ELSE 'no' END",
    "net_minor": "i.net_minor",
    "tax_minor": "i.tax_minor",
    "total_minor": "i.total_minor",
    "lines": "i.lines_count",
}
_LINE = {
    "line": "l.position",
    "kind": "l.kind",
    "source": "l.source || ' ' || l.source_id",
    "charged_from": "to_char(l.charged_from, 'YYYY-MM-DD')",
    "days": "to_char(l.starts_on, 'YYYY-MM-DD') || '/' || to_char(l.ends_on, 'YYYY-MM-DD')",
    "product": "l.product",
    "description": "l.description",
    "quantity": "coalesce(l.quantity::numeric(38, 12)::text, 'none')",
    "unit": "l.unit",
    "exact": "l.exact::numeric(38, 12)",
    "amount_minor": "l.amount_minor",
}


def _told(fields: dict[str, str]) -> str:
    """Return an SQL expression of `name=value` lines; backslash and line breaks are escaped."""
    return " || ".join(
        f"'{name}=' || replace(replace(replace(({value})::text,"
        rf" '\', '\\'), E'\n', '\n'), E'\r', '\r') || E'\n'"
        for name, value in fields.items()
    )


def hashes(invoices: str) -> str:
    """Return a SELECT of `id` and `content_sha256` for the relation named, with Invoice's columns.

    The relation may be a CTE in which number and days are those about to be given.
    """
    return f"""
        SELECT i.id, encode(sha256(convert_to({_told(_HEAD)} || t.lines, 'UTF8')), 'hex')
            AS content_sha256
        FROM {invoices} i
        JOIN billing_billingperiod p ON p.id = i.period_id
        JOIN (
            SELECT l.invoice_id, string_agg({_told(_LINE)}, '' ORDER BY l.position) AS lines
            FROM billing_invoiceline l WHERE l.invoice_id IN (SELECT id FROM {invoices})
            GROUP BY l.invoice_id) t ON t.invoice_id = i.id
    """  # noqa: S608 - ours


def canonical_text(invoice: Invoice, period: BillingPeriod, lines: Iterable[InvoiceLine]) -> str:
    """Return the text that is hashed, from rows as they were read; lines in any order."""
    told = _head_of(invoice, period)
    for line in sorted(lines, key=lambda line: line.position):
        told += _line_of(line)
    return "".join(f"{name}={_escaped(str(value))}\n" for name, value in told)


def sha256_of(invoice: Invoice, period: BillingPeriod, lines: Iterable[InvoiceLine]) -> str:
    """Return the hash that a finalized invoice must bear."""
    return hashlib.sha256(canonical_text(invoice, period, lines).encode()).hexdigest()


def _head_of(invoice: Invoice, period: BillingPeriod) -> list[tuple[str, object]]:
    values = (
        invoice.pk,
        invoice.number,
        invoice.organization_id,
        _days(period.starts_on, period.ends_on),
        invoice.currency,
        invoice.issued_on,
        invoice.due_on,
        invoice.collection,
        invoice.tax_name,
        f"{invoice.tax_percentage:.6f}",
        "yes" if invoice.tax_is_inclusive else "no",
        invoice.net_minor,
        invoice.tax_minor,
        invoice.total_minor,
        invoice.lines_count,
    )
    return list(zip(_HEAD, values, strict=True))


def _line_of(line: InvoiceLine) -> list[tuple[str, object]]:
    values = (
        line.position,
        line.kind,
        f"{line.source} {line.source_id}",
        line.charged_from,
        _days(line.starts_on, line.ends_on),
        line.product,
        line.description,
        _exact(line.quantity),
        line.unit,
        _exact(line.exact),
        line.amount_minor,
    )
    return list(zip(_LINE, values, strict=True))


def _days(starts_on: date, ends_on: date) -> str:
    return f"{starts_on}/{ends_on}"


def _exact(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:.12f}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
