"""What waits for a person in the set-up of billing."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import (
    AlertFiring,
    Assignment,
    CreditNote,
    Invoice,
    InvoiceStanding,
    Organization,
    Push,
    UsageBucket,
)
from core.encryption import email_key

RECENT = timedelta(days=35)
# Usage that meets no price of the plan held on its day, by meter; the ORM has no such joins.
_UNPRICED = """
SELECT DISTINCT b.meter_id FROM billing_usagebucket b
JOIN billing_assignment a ON a.organization_id = b.organization_id AND a.starts_on <= b.day
    AND (a.ends_on IS NULL OR a.ends_on > b.day)
WHERE b.day >= %s AND b.events > 0 AND NOT EXISTS (
    SELECT FROM billing_price p WHERE p.version_id = a.version_id AND p.meter_id = b.meter_id
    AND p.starts_on <= b.day AND (p.ends_on IS NULL OR p.ends_on > b.day)
    AND (p.filter_dimension = '' OR b.dimensions ->> p.filter_dimension = p.filter_value))
"""


def without_plan(now: datetime) -> QuerySet[Organization]:
    """Return organizations with usage of the last weeks on days without a plan."""
    since = (now - RECENT).date()
    held = Assignment.objects.filter(
        Q(ends_on=None) | Q(ends_on__gt=OuterRef("day")),
        organization=OuterRef("organization"),
        starts_on__lte=OuterRef("day"),
    )
    loose = UsageBucket.objects.filter(day__gte=since, events__gt=0).filter(~Exists(held))
    return Organization.objects.filter(pk__in=loose.values("organization_id"))


def meters_without_price(now: datetime) -> list[UUID]:
    """Return meters with usage of the last weeks that no price of the plan held is for."""
    with connection.cursor() as cursor:
        cursor.execute(_UNPRICED, [(now - RECENT).date()])
        return [row[0] for row in cursor.fetchall()]


def limits_reached(now: datetime) -> QuerySet[AlertFiring]:
    """Return what was told of spend limits in the last week."""
    week = now - timedelta(days=7)
    return AlertFiring.objects.filter(alert__kind="limit", created_at__gte=week)


def find_organizations(query: str) -> QuerySet[Organization]:
    """Return organizations by name, code, the whole e-mail of their payer, or Stripe's id."""
    wanted = Q(name__icontains=query) | Q(code__icontains=query) | Q(stripe_customer_id=query)
    if "@" in query:
        wanted |= Q(email_key=email_key(query))
    rows = Organization.objects.filter(wanted)
    return rows.order_by("name", "pk")


def find_invoices(query: str) -> QuerySet[Invoice]:
    """Return invoices whose number, or a credit note's, begins so, or with Stripe's id.

    Newest first.
    """
    at_stripe = Push.objects.filter(stripe_id=query).values("invoice")
    noted = CreditNote.objects.filter(Q(number__istartswith=query) | Q(push__stripe_id=query))
    wanted = Q(number__istartswith=query) | Q(pk__in=at_stripe) | Q(pk__in=noted.values("invoice"))
    return Invoice.objects.filter(wanted).select_related("organization").order_by("-created_at")


def failed_payments() -> QuerySet[InvoiceStanding]:
    """Return open invoices whose payment failed and is not tried again by itself."""
    rows = InvoiceStanding.objects.filter(state=InvoiceStanding.State.OPEN)
    return rows.filter(failed_at__isnull=False, next_attempt_at=None)


def past_due() -> QuerySet[InvoiceStanding]:
    """Return what should have been paid by now."""
    return InvoiceStanding.objects.filter(state=InvoiceStanding.State.PAST_DUE)
