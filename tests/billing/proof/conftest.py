"""One organization with usage, and what a company's scope opens."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing.models import Invoice, Meter, Organization, PlanVersion, TaxRate
from core.models import Tenant
from core.tenancy import scope
from tests.billing.proof.rows import (
    assign,
    billed,
    make_meter,
    make_organization,
    make_price,
    make_version,
    use,
)


@pytest.fixture
def inside(tenant: Tenant) -> Iterator[None]:
    """A scope of `tenant`, committed at the end."""
    with scope(tenant.pk):
        yield


@pytest.fixture
def meter(tenant: Tenant) -> Meter:
    """Seconds of processor by app."""
    with scope(tenant.pk):
        return make_meter(tenant)


@pytest.fixture
def version(tenant: Tenant, meter: Meter) -> PlanVersion:
    """A published version: 2 cents a second up to 1,000, then 1."""
    with scope(tenant.pk):
        version = make_version(tenant)
        make_price(version, meter, (("0", "1000", "2"), ("1000", None, "1")))
        return version


@pytest.fixture
def organization(tenant: Tenant, version: PlanVersion) -> Organization:
    """An organization on that version, taxed 21 %."""
    with scope(tenant.pk):
        rate = TaxRate.objects.create(tenant=tenant, name="VAT", percentage=21)
        organization = make_organization(tenant, tax_rate=rate)
        assign(organization, version)
        return organization


@pytest.fixture
def invoice(tenant: Tenant, organization: Organization, meter: Meter) -> Invoice:
    """A final invoice: 1,500 seconds, 25.00 and 5.25 tax."""
    with scope(tenant.pk):
        use(organization, meter, "900", key="first")
        use(organization, meter, "600", key="second", dimensions={"app": "worker"})
        return billed(organization)
