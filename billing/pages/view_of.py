"""What pages of the portal and of staff show of an organization, alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext

from billing import words
from billing.models import Invoice, Organization
from billing.pages.chart import chart_of
from billing.queries.changes import changes, charges_by_product
from billing.queries.explaining import explain
from billing.queries.invoices import bill_of, invoice_before, lines_of, open_invoices
from billing.queries.owed import Owed, owed, picture_of
from billing.queries.shares import Part, by_product, split, weights_of
from billing.queries.usage_rows import last_usage_at
from billing.queries.wallet import balance_of
from core.currencies import get_currency

MOST_APPS = 12
MOST_CHANGES = 3
MOST_OPEN = 20


def owing_context(organization: Organization, *, now: datetime) -> dict[str, Any]:
    """Return what is owed now and why, for a template."""
    found = owed(organization, now=now)
    picture = picture_of(found)
    days, currency = found.running.days, found.running.currency
    bills = [bill_of(invoice) for invoice in open_invoices(organization)[: MOST_OPEN + 1]]
    return {
        "owed": found,
        "picture": picture,
        "currency": currency,
        "apps": picture.split.apps[:MOST_APPS],
        "more_apps": _rest(picture.split.apps[MOST_APPS:]),
        "changes": picture.changes[:MOST_CHANGES],
        "chart": chart_of(
            picture.split.days,
            days.starts_on,
            days.ends_on,
            title=gettext("Cost of usage by day, %(days)s")
            % {"days": words.span(days.starts_on, days.ends_on)},
            show=lambda value: words.amount(int(value), currency),
            today=found.today,
        ),
        "chart_days": sorted(picture.split.days.items(), reverse=True),
        "bills": bills[:MOST_OPEN],
        "open_minor": sum(bill.open_minor for bill in bills),
        "has_more_bills": len(bills) > MOST_OPEN,
        "usage_through": last_usage_at(organization, days.starts_on, days.ends_on),
        "balance": balance_of(organization.pk),
        "small": _small(found),
    }


def _rest(parts: list[Part]) -> Part | None:
    if not parts:
        return None
    more = ngettext("%(count)s more app", "%(count)s more apps", len(parts))
    return Part(more % {"count": len(parts)}, sum(part.minor for part in parts))


def _small(found: Owed) -> str:
    """Return which line says that nothing is due because so little is owed."""
    kinds = {line.source for line in found.running.lines if line.amount_minor < 0}
    if "waived" in kinds or "carried_out" in kinds:
        return "waived" if "waived" in kinds else "carried"
    smallest = get_currency(found.running.currency).minimum
    return "moved" if 0 < found.running.total_minor < smallest else ""


def invoice_context(organization: Organization, invoice: Invoice) -> dict[str, Any]:
    """Return an invoice with why it is what it is, for a template."""
    lines = lines_of(invoice)
    before = invoice_before(organization, invoice.period.starts_on)
    then = charges_by_product(lines_of(before)) if before else {}
    told = changes(then, charges_by_product(lines), currency=invoice.currency) if before else []
    split_by = split(lines, weights_of(organization, lines), currency=invoice.currency)
    return {
        "invoice": invoice,
        "bill": bill_of(invoice),
        "currency": invoice.currency,
        "explained": explain(lines, organization, currency=invoice.currency, invoice=invoice),
        "products": by_product(lines),
        "apps": split_by.apps[:MOST_APPS],
        "more_apps": _rest(split_by.apps[MOST_APPS:]),
        "rest": split_by.rest,
        "before": before,
        "changes": told[:MOST_CHANGES],
        "credit_notes": list(invoice.credit_notes.order_by("issued_on", "id")),
    }
