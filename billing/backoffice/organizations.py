"""Organizations in the header, in the search and among the worklists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from billing.models import Invoice, InvoiceStanding, Organization
from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.search import Found, Searcher, register_searcher
from core.backoffice.worklists import Worklist, register_worklist
from core.models import User


def find_organizations(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find organizations by name or code."""
    rows = Organization.objects.filter(Q(name__icontains=query) | Q(code__icontains=query))
    return [
        Found("Organization", one.name, reverse("billing_organization", args=[one.pk]), one.code)
        for one in rows[:limit]
    ]


def find_invoices(query: str, limit: int, user: User) -> Iterable[Found]:
    """Find invoices by the beginning of their number."""
    rows = Invoice.objects.filter(number__istartswith=query).select_related("organization")
    return [
        Found("Invoice", str(one), reverse("billing_invoice", args=[one.pk]), one.organization.name)
        for one in rows.order_by("-created_at")[:limit]
    ]


def past_due(now: datetime) -> int:
    """Count invoices whose due date has passed."""
    return InvoiceStanding.objects.filter(state=InvoiceStanding.State.PAST_DUE).count()


register_nav(NavItem("Billing", lambda: reverse("billing_organizations"), order=60))
register_searcher(Searcher("organizations", find_organizations, order=60))
register_searcher(Searcher("invoices", find_invoices, order=61))
register_worklist(
    Worklist(
        name="invoices_past_due",
        title="Invoices past due",
        count=past_due,
        url=lambda: reverse("billing_organizations"),
        why="Their due date has passed without payment; the customers were told.",
        order=60,
    )
)
