"""Plans with their prices, and what a number of units would cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from billing.models import Plan, PlanVersion, Price
from billing.rating import Rated, rate, rounded
from core.money import Money


@dataclass(frozen=True, slots=True)
class Preview:
    """A price with what the asked units would cost, tier by tier."""

    price: Price
    rated: Rated
    cost: Money


def plans_with_versions() -> QuerySet[Plan]:
    """Return all plans with their versions, newest first; two queries."""
    return Plan.objects.prefetch_related("versions").order_by("name", "pk")


def version_with_prices(version_id: UUID) -> PlanVersion | None:
    """Return a version with prices, tiers and fees, or None."""
    rows = PlanVersion.objects.select_related("plan")
    return (
        rows.prefetch_related("fees", "prices__tiers", "prices__meter")
        .filter(pk=version_id)
        .first()
    )


def previews(version: PlanVersion, units: Decimal) -> list[Preview]:
    """Return each price of a version with what `units` in one period would cost, without fees."""
    currency = version.plan.currency
    found = []
    for price in version.prices.all():
        rated = rate(units, price, list(price.tiers.all()))
        minor = max(rounded(rated.exact, currency), price.minimum_minor)
        found.append(Preview(price, rated, Money(minor, currency)))
    return found
