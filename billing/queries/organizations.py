"""Organizations: listed with what they owe, and all that staff see of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Sum

from billing.models import (
    Assignment,
    BillingPeriod,
    InvoiceStanding,
    Notice,
    OneOffItem,
    Organization,
    Push,
    WalletEntry,
)
from billing.queries.calendar import period_at
from billing.queries.statement import Statement, statements, target_of


def list_organizations(*, text: str = "", state: str = "") -> QuerySet[Organization]:
    """Return organizations by name, narrowed by a part of name or code and by state."""
    rows = Organization.objects.order_by("name", "id")
    if text:
        rows = rows.filter(Q(name__icontains=text) | Q(code__icontains=text))
    return rows.filter(state=state) if state else rows


@dataclass(frozen=True, slots=True)
class OrganizationRow:
    """An organization with what it owes now and what of its invoices is unpaid."""

    organization: Organization
    owed_minor: int
    unpaid_minor: int
    unpaid_count: int
    late_count: int


def rows_with_owed(
    organizations: Sequence[Organization], *, now: datetime
) -> list[OrganizationRow]:
    """Return what each owes; as many statements for many as for one."""
    if not organizations:
        return []
    owed = statements_of(organizations, now=now)
    unpaid = _unpaid(organizations)
    return [
        OrganizationRow(one, owed[one.pk].total_minor, *unpaid.get(one.pk, (0, 0, 0)))
        for one in organizations
    ]


def statements_of(organizations: Sequence[Organization], *, now: datetime) -> dict[UUID, Statement]:
    """Return the running period's statement of each, as `statement_of` would, in one statement."""
    starts = _first_uninvoiced(organizations)
    targets = []
    for one in organizations:
        days = period_at(now, one, one.zone)
        is_next = days.starts_on == starts.get(one.pk, one.billing_starts_on)
        targets.append((target_of(one, days, is_next=is_next), days))
    found = statements({one.pk: one.currency for one in organizations}, targets)
    return {one.organization_id: one for one in found}


def _first_uninvoiced(organizations: Sequence[Organization]) -> dict[UUID, date]:
    """Do what `first_uninvoiced` does, for many."""
    ends: dict[UUID, date] = {}
    waiting: dict[UUID, date] = {}
    rows = BillingPeriod.objects.filter(organization__in=organizations).order_by("starts_on")
    for pk, state, starts_on, ends_on in rows.values_list(
        "organization_id", "state", "starts_on", "ends_on"
    ):
        if state != BillingPeriod.State.INVOICED:
            waiting.setdefault(pk, starts_on)
        ends[pk] = ends_on
    return {**ends, **waiting}


def _unpaid(organizations: Sequence[Organization]) -> dict[UUID, tuple[int, int, int]]:
    open_states = ("unsent", "open", "past_due")
    rows = InvoiceStanding.objects.filter(
        invoice__organization__in=organizations, state__in=open_states, invoice__state="final"
    ).values_list("invoice__organization_id")
    sums = rows.annotate(
        owed=Sum(F("invoice__total_minor") - F("paid_minor") - F("credited_minor")),
        count=Count("pk", filter=Q(invoice__total_minor__gt=0)),
        late=Count("pk", filter=Q(state="past_due")),
    )
    return {pk: (int(owed), count, late) for pk, owed, count, late in sums.order_by()}


def staff_facts(organization: Organization) -> dict[str, Any]:
    """Return plans, items, wallet, notices and pushes that want a look, newest first."""
    whose = {"organization": organization}
    return {
        "assignments": list(
            Assignment.objects.filter(**whose)
            .select_related("version__plan")
            .order_by("-starts_on")[:20]
        ),
        "items": list(OneOffItem.objects.filter(**whose)[:20]),
        "wallet": list(WalletEntry.objects.filter(**whose)[:20]),
        "notices": list(Notice.objects.filter(**whose)[:20]),
        "pushes": list(
            Push.objects.filter(**whose)
            .exclude(state=Push.State.DONE)
            .select_related("invoice", "credit_note")[:20]
        ),
    }
