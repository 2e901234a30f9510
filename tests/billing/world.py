"""Rows that tests of billing need, each with what its own columns demand."""

from __future__ import annotations

from datetime import date
from typing import Any

from billing.models import Meter, Organization
from core.models import Tenant
from core.tenancy import scope


def make_organization(tenant: Tenant, code: str = "acme", **given: Any) -> Organization:
    """An organization in Amsterdam's zone that pays in euros."""
    fields = {
        "name": code.title(),
        "currency": "EUR",
        "time_zone": "Europe/Amsterdam",
        "billing_starts_on": date(2020, 1, 1),
        **given,
    }
    with scope(tenant.pk):
        return Organization.objects.create(tenant=tenant, code=code, **fields)


def make_meter(tenant: Tenant, code: str = "requests", how: str = "sum", **given: Any) -> Meter:
    """A meter; `how` is its aggregation."""
    fields: dict[str, Any] = {"name": code.title(), "dimensions": ["app", "region"], **given}
    if how == "unique":
        fields.setdefault("unique_by", "user")
    with scope(tenant.pk):
        return Meter.objects.create(tenant=tenant, code=code, aggregation=how, **fields)
