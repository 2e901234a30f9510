"""Runs and periods for worklists and pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, QuerySet, Sum

from billing.models import BillingPeriod, BillingRun, Invoice

WEEK = timedelta(days=7)


def runs_in_review() -> QuerySet[BillingRun]:
    """Return the runs whose drafts wait to be approved."""
    return BillingRun.objects.filter(state=BillingRun.State.REVIEW)


def stuck_periods(now: datetime) -> QuerySet[BillingPeriod]:
    """Return the periods that ended more than a week ago and have no invoice."""
    waiting = BillingPeriod.objects.exclude(state=BillingPeriod.State.INVOICED)
    return waiting.filter(ends_at__lt=now - WEEK)


def runs_newest_first() -> QuerySet[BillingRun]:
    """Return all runs with the number of their invoices."""
    rows = BillingRun.objects.select_related("made_by").annotate(count=Count("invoices"))
    return rows.order_by("-month", "-created_at", "-id")


def invoices_of(run: BillingRun, *, search: str = "", only: str = "") -> QuerySet[Invoice]:
    """Return a run's invoices, dearest first. `only`: to_pay, nothing, carried or late."""
    rows = Invoice.objects.filter(run=run).select_related("organization", "period")
    if search:
        rows = rows.filter(organization__name__icontains=search)
    if only == "to_pay":
        rows = rows.filter(total_minor__gt=0)
    elif only == "nothing":
        rows = rows.filter(total_minor=0)
    elif only in ("carried", "late"):
        rows = rows.filter(lines__kind=only).distinct()
    return rows.defer("payer", "organization__payer", "organization__portal_token").order_by(
        "-total_minor", "organization_id", "pk"
    )


def cash_effect(run: BillingRun) -> list[tuple[str, str, int, int]]:
    """Return currency, way of collection, number and sum of what finalizing makes payable."""
    rows = Invoice.objects.filter(run=run, state=Invoice.State.DRAFT, total_minor__gt=0)
    found = (
        rows.values("currency", "collection")
        .annotate(count=Count("pk"), amount=Sum("total_minor"))
        .order_by("currency", "collection")
    )
    return [(row["currency"], row["collection"], row["count"], int(row["amount"])) for row in found]
