"""Rows of billing, made by hand: usage, periods and invoices without the operations above them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.models import (
    Assignment,
    BillingPeriod,
    Invoice,
    InvoiceStanding,
    Meter,
    NumberSeries,
    Organization,
    Plan,
    PlanVersion,
    Price,
    PriceTier,
    Push,
    UsageBucket,
    UsageEvent,
    WalletEntry,
)
from billing.operations.compiling import compile_periods
from billing.queries.calendar import period_of
from billing.queries.content import hashes
from billing.queries.statement import target_of
from core.models import Tenant

NOW = datetime(2026, 10, 2, 9, tzinfo=UTC)
SEPTEMBER = date(2026, 9, 1)


def make_organization(tenant: Tenant, code: str = "acme", **given: Any) -> Organization:
    """An organization that pays in euro, since September."""
    values = {
        "name": code.title(),
        "currency": "EUR",
        "time_zone": "Europe/Amsterdam",
        "billing_starts_on": SEPTEMBER,
        **given,
    }
    return Organization.objects.create(tenant=tenant, code=code, **values)


def make_meter(tenant: Tenant, code: str = "cpu", **given: Any) -> Meter:
    """A meter that sums seconds by app."""
    values = {
        "name": code.upper(),
        "unit": "seconds",
        "aggregation": "sum",
        "dimensions": ["app"],
        **given,
    }
    return Meter.objects.create(tenant=tenant, code=code, **values)


def make_version(tenant: Tenant, code: str = "basic") -> PlanVersion:
    """The first or next version of a plan, without prices, published."""
    plan, _ = Plan.objects.get_or_create(
        tenant=tenant, code=code, defaults={"name": code, "currency": "EUR"}
    )
    return PlanVersion.objects.create(
        tenant=tenant, plan=plan, number=plan.versions.count() + 1, published_at=NOW
    )


def make_price(
    version: PlanVersion,
    meter: Meter,
    tiers: Sequence[tuple[str, str | None, str]] = (("0", None, "2"),),
    **given: Any,
) -> Price:
    """A price with tiers of (above, up to, rate)."""
    values = {"model": "graduated", "starts_on": date(2020, 1, 1), **given}
    price = Price.objects.create(tenant=version.tenant, version=version, meter=meter, **values)
    for position, (above, up_to, rate) in enumerate(tiers):
        PriceTier.objects.create(
            tenant_id=version.tenant_id,
            price=price,
            position=position,
            above=Decimal(above),
            up_to=None if up_to is None else Decimal(up_to),
            rate=Decimal(rate),
        )
    return price


def assign(organization: Organization, version: PlanVersion, **given: Any) -> Assignment:
    """Hold a version since the start of billing."""
    values = {"starts_on": organization.billing_starts_on, **given}
    return Assignment.objects.create(
        tenant_id=organization.tenant_id, organization=organization, version=version, **values
    )


def use(organization: Organization, meter: Meter, quantity: str, **given: Any) -> UsageEvent:
    """Store one event with its bucket; sums only."""
    day = given.pop("day", SEPTEMBER + timedelta(days=4))
    dimensions = given.pop("dimensions", {"app": "web"})
    time = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    bucket, _ = UsageBucket.objects.get_or_create(
        tenant_id=organization.tenant_id,
        organization=organization,
        meter=meter,
        day=day,
        dimensions=dimensions,
    )
    bucket.quantity += Decimal(quantity)
    bucket.events += 1
    bucket.last_at = time
    bucket.save(update_fields=["quantity", "events", "last_at"])
    key = given.pop("key", None) or f"{organization.code}-{UsageEvent.objects.count()}"
    return UsageEvent.objects.create(
        tenant_id=organization.tenant_id,
        bucket_id=bucket.pk,
        time=time,
        idempotency_key=key,
        quantity=Decimal(quantity),
        **given,
    )


def close(organization: Organization, day: date = SEPTEMBER) -> BillingPeriod:
    """Close the period that holds a day."""
    days = period_of(day, organization)
    organization.closed_through = days.ends_on - timedelta(days=1)
    organization.save(update_fields=["closed_through"])
    return BillingPeriod.objects.create(
        tenant_id=organization.tenant_id,
        organization=organization,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        starts_at=days.starts_at(organization.zone),
        ends_at=days.ends_at(organization.zone),
        month=days.month,
        whole_days=days.whole_days,
        state="closed",
        closed_at=NOW,
    )


def draft(period: BillingPeriod) -> Invoice:
    """Compile one closed period."""
    organization = Organization.objects.get(pk=period.organization_id)
    days = period_of(period.starts_on, organization)
    compile_periods([(period, target_of(organization, days, is_next=True))], run=None, now=NOW)
    return Invoice.objects.get(period=period, state="draft")


def finalize(invoice: Invoice, *, now: datetime = NOW) -> Invoice:
    """Give a draft its number, days and hash, and hand it over."""
    series, _ = NumberSeries.objects.get_or_create(
        tenant_id=invoice.tenant_id, kind="invoice", defaults={"prefix": "INV-"}
    )
    number = str(series)
    series.next_number += 1
    series.save()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH dated AS (
                SELECT id, organization_id, period_id, currency, collection, tax_name,
                    tax_percentage, tax_is_inclusive, net_minor, tax_minor, total_minor,
                    lines_count, %(day)s::date AS issued_on, %(day)s::date + 14 AS due_on,
                    %(number)s::text AS number
                FROM billing_invoice WHERE id = %(id)s),
            hashed AS ({hashes("dated")})
            UPDATE billing_invoice i SET state = 'final', number = d.number,
                issued_on = d.issued_on, due_on = d.due_on, finalized_at = %(now)s,
                content_sha256 = h.content_sha256
            FROM dated d JOIN hashed h USING (id) WHERE i.id = d.id""",
            {"id": invoice.pk, "day": now.date(), "number": number, "now": now},
        )
    invoice.refresh_from_db()
    for line in invoice.lines.filter(source="prepaid"):
        _move(invoice, "used", line.amount_minor)
    _hand_over(invoice)
    return invoice


def _move(invoice: Invoice, kind: str, amount: int) -> None:
    WalletEntry.objects.create(
        tenant_id=invoice.tenant_id,
        organization_id=invoice.organization_id,
        invoice=invoice,
        kind=kind,
        amount_minor=amount,
    )


def _hand_over(invoice: Invoice) -> None:
    InvoiceStanding.objects.create(
        tenant_id=invoice.tenant_id,
        invoice=invoice,
        state="unsent" if invoice.total_minor else "nothing_due",
    )
    if invoice.total_minor:
        Push.objects.create(
            tenant_id=invoice.tenant_id,
            organization_id=invoice.organization_id,
            invoice=invoice,
            step="create",
            next_at=NOW,
        )


def billed(organization: Organization, day: date = SEPTEMBER) -> Invoice:
    """Close, compile and finalize the period that holds a day."""
    return finalize(draft(close(organization, day)))


def pay(invoice: Invoice, amount: int | None = None) -> InvoiceStanding:
    """Let Stripe have said that an invoice was paid."""
    standing = InvoiceStanding.objects.get(invoice=invoice)
    standing.paid_minor = invoice.total_minor if amount is None else amount
    standing.state = "paid"
    standing.paid_at = NOW
    standing.save()
    return standing


def prices_of(version: PlanVersion) -> list[UUID]:
    """Ids of a version's prices."""
    return list(version.prices.values_list("pk", flat=True))
