"""An organization with a plan, usage of two meters by app, and what else makes an invoice."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.models import (
    Assignment,
    BillingPeriod,
    Invoice,
    InvoiceLine,
    InvoiceStanding,
    Meter,
    OneOffItem,
    Organization,
    Plan,
    PlanVersion,
    Price,
    PriceTier,
    Push,
    RecurringFee,
    TaxRate,
    UsageBucket,
    UsageEvent,
    WalletEntry,
)
from billing.queries.calendar import period_of
from core.models import Tenant
from core.tenancy import scope

# A Wednesday in the middle of a month.
NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """One organization and its prices; all writing is in the tenant's scope."""

    tenant: Tenant
    organization: Organization
    version: PlanVersion
    meters: dict[str, Meter]
    prices: dict[str, Price]
    now: datetime = NOW

    def use(
        self, meter: str, day: date, quantity: str, events: int = 1, **dimensions: str
    ) -> UsageBucket:
        """Count usage of a day, with as many events."""
        with scope(self.tenant.pk):
            bucket = UsageBucket.objects.create(
                tenant=self.tenant,
                organization=self.organization,
                meter=self.meters[meter],
                day=day,
                dimensions=dimensions,
                quantity=Decimal(quantity),
                events=events,
                last_at=_noon(day),
            )
            UsageEvent.objects.bulk_create(
                UsageEvent(
                    tenant=self.tenant,
                    idempotency_key=f"{bucket.pk}-{number}",
                    bucket_id=bucket.pk,
                    time=_noon(day) + timedelta(seconds=number),
                    quantity=Decimal(quantity) / events,
                )
                for number in range(events)
            )
        return bucket

    def item(self, amount_minor: int, due_on: date, description: str = "Migration help") -> None:
        """Owe an amount once."""
        with scope(self.tenant.pk):
            OneOffItem.objects.create(
                tenant=self.tenant,
                organization=self.organization,
                description=description,
                amount_minor=amount_minor,
                due_on=due_on,
            )

    def prepay(self, amount_minor: int) -> None:
        """Pay ahead."""
        with scope(self.tenant.pk):
            WalletEntry.objects.create(
                tenant=self.tenant,
                organization=self.organization,
                kind="top_up",
                amount_minor=amount_minor,
            )

    def tax(self, percentage: str, *, is_inclusive: bool = False) -> None:
        """Tax what is owed."""
        with scope(self.tenant.pk):
            rate = TaxRate.objects.create(
                tenant=self.tenant,
                name="VAT",
                percentage=Decimal(percentage),
                is_inclusive=is_inclusive,
            )
            self.change(tax_rate=rate)

    def change(self, **fields: Any) -> None:
        """Change the organization."""
        with scope(self.tenant.pk):
            Organization.objects.filter(pk=self.organization.pk).update(**fields)
            self.organization.refresh_from_db()

    def invoice(
        self,
        day: date,
        lines: list[dict[str, Any]] | None = None,
        *,
        state: str = "open",
        number: str = "",
        hosted_url: str = "",
        lifecycle: str = "final",
    ) -> Invoice:
        """Store the invoice of the period that holds a day, as a run would have."""
        days = period_of(day, self.organization)
        with scope(self.tenant.pk):
            period = BillingPeriod.objects.create(
                tenant=self.tenant,
                organization=self.organization,
                starts_on=days.starts_on,
                ends_on=days.ends_on,
                starts_at=days.starts_at(self.organization.zone),
                ends_at=days.ends_at(self.organization.zone),
                month=days.month,
                whole_days=days.whole_days,
                state="invoiced",
                closed_at=self.now,
            )
            if lines is None:
                lines = [self.line("usage", 1250, day, product="Compute", description="CPU time")]
            total = sum(line["amount_minor"] for line in lines)
            is_draft = lifecycle == "draft"
            invoice = Invoice.objects.create(
                tenant=self.tenant,
                organization=self.organization,
                period=period,
                state="draft",
                currency=self.organization.currency,
                payer=self.organization.payer,
                collection=self.organization.collection,
                net_minor=total,
                tax_minor=0,
                total_minor=total,
                lines_count=len(lines),
                compiled_at=self.now,
            )
            InvoiceLine.objects.bulk_create(
                InvoiceLine(
                    id=uuid.uuid4(),
                    tenant=self.tenant,
                    invoice=invoice,
                    organization_id=self.organization.pk,
                    position=place,
                    **{
                        "starts_on": days.starts_on,
                        "ends_on": days.ends_on,
                        "charged_from": days.starts_on,
                        **line,
                    },
                )
                for place, line in enumerate(lines, start=1)
            )
            if not is_draft:
                self._finalize(invoice, number or f"TAP-{uuid.uuid4().hex[:6]}", days.ends_on)
                InvoiceStanding.objects.create(
                    tenant=self.tenant,
                    invoice=invoice,
                    state=state,
                    paid_minor=total if state == "paid" else 0,
                    paid_at=self.now if state == "paid" else None,
                )
                Push.objects.create(
                    tenant=self.tenant,
                    organization=self.organization,
                    invoice=invoice,
                    step="done",
                    state="done",
                    stripe_id=f"in_{uuid.uuid4().hex}",
                    hosted_url=hosted_url,
                )
            invoice.refresh_from_db()
        return invoice

    def _finalize(self, invoice: Invoice, number: str, issued_on: date) -> None:
        invoice.number = number
        invoice.state = "final"
        invoice.issued_on = issued_on
        invoice.due_on = issued_on + timedelta(days=14)
        invoice.finalized_at = self.now
        invoice.content_sha256 = "ab" * 32
        invoice.save()

    def line(self, kind: str, amount_minor: int, day: date, **fields: Any) -> dict[str, Any]:
        """Return the fields of a line for `invoice`."""
        source = {"recurring": "fee", "late": "usage", "credit": "item", "one_off": "item"}
        return {
            "kind": kind,
            "source": source.get(kind, kind),
            "source_id": uuid.uuid4(),
            "description": kind,
            "exact": Decimal(amount_minor),
            "amount_minor": amount_minor,
            **fields,
        }


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def make_world(tenant: Tenant, code: str = "acme", **fields: Any) -> World:
    """Make an organization on a plan with a graduated, a package and a plain price, and a fee."""
    with scope(tenant.pk):
        organization = Organization.objects.create(
            tenant=tenant,
            code=code,
            **{
                "name": "Acme Örgryte AB",
                "payer": {"name": "Acme Örgryte AB", "email": "pay@acme.example"},
                "currency": "EUR",
                "time_zone": "Europe/Amsterdam",
                "billing_starts_on": date(2026, 8, 1),
                **fields,
            },
        )
        meters = {
            one: Meter.objects.create(tenant=tenant, code=f"{one}-{code}", **what)
            for one, what in _METERS.items()
        }
        plan = Plan.objects.create(
            tenant=tenant, code=f"launch-{code}", name="Launch", currency=organization.currency
        )
        version = PlanVersion.objects.create(tenant=tenant, plan=plan, number=3)
        prices = {
            one: _price(tenant, version, meters[one], **what) for one, what in _PRICES.items()
        }
        RecurringFee.objects.create(
            tenant=tenant,
            version=version,
            name="Support",
            product="Support",
            amount_minor=2900,
            timing="arrears",
        )
        PlanVersion.objects.filter(pk=version.pk).update(published_at=NOW - timedelta(days=200))
        Assignment.objects.create(
            tenant=tenant,
            organization=organization,
            version=version,
            starts_on=organization.billing_starts_on,
        )
    return World(tenant, organization, version, meters, prices)


_METERS: dict[str, dict[str, Any]] = {
    "cpu": {
        "name": "CPU time",
        "product": "Compute",
        "unit": "s",
        "aggregation": "sum",
        "dimensions": ["app", "region"],
    },
    "requests": {
        "name": "Requests",
        "product": "Network",
        "unit": "requests",
        "aggregation": "count",
        "dimensions": ["app"],
    },
    "storage": {
        "name": "Volume size",
        "product": "Storage",
        "unit": "GB",
        "aggregation": "max",
        "dimensions": ["app"],
    },
}
_PRICES: dict[str, dict[str, Any]] = {
    "cpu": {
        "model": "graduated",
        "included": 1000,
        "tiers": [(0, 10000, "0.5", 0), (10000, None, "0.25", 100)],
    },
    "requests": {"model": "package", "package_size": 1000, "tiers": [(0, None, "7", 0)]},
    "storage": {"model": "per_unit", "minimum_minor": 500, "tiers": [(0, None, "15", 0)]},
}


def _price(
    tenant: Tenant, version: PlanVersion, meter: Meter, *, tiers: list[Any], **fields: Any
) -> Price:
    price = Price.objects.create(
        tenant=tenant, version=version, meter=meter, starts_on=date(2026, 1, 1), **fields
    )
    for place, (above, up_to, rate, flat) in enumerate(tiers):
        PriceTier.objects.create(
            tenant=tenant,
            price=price,
            position=place,
            above=Decimal(above),
            up_to=None if up_to is None else Decimal(up_to),
            rate=Decimal(rate),
            flat=Decimal(flat),
        )
    return price
