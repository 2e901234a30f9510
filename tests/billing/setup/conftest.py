"""What tests of the set-up share: an organization, a meter, a published plan, usage."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.models import BillingPeriod, Meter, Organization, PlanVersion, UsageBucket
from billing.operations.meters import make_meter
from billing.operations.organizations import make_organization
from billing.operations.plans import draft_version, make_plan, publish_version
from billing.operations.prices import per_unit, set_price
from core.models import Tenant
from core.tenancy import scope
from tests.subscriptions.programs import Program, program

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY = date(2026, 11, 21)


@pytest.fixture
def acme(tenant: Tenant) -> Organization:
    """An organization in Berlin, billed in EUR from 1 September on."""
    with scope(tenant.pk):
        return make_organization(
            code="acme",
            name="Acme",
            currency="EUR",
            time_zone="Europe/Berlin",
            billing_starts_on=date(2026, 9, 1),
            now=NOW,
        )


@pytest.fixture
def requests(tenant: Tenant) -> Meter:
    """A meter that adds requests, by app and region."""
    with scope(tenant.pk):
        return make_meter(
            code="requests", name="Requests", aggregation="sum", dimensions=["app", "region"]
        )


def published(tenant: Tenant, meter: Meter, code: str = "pro", **more: Any) -> PlanVersion:
    """Return a published version at 10 minor units a request, unless told otherwise."""
    with scope(tenant.pk):
        plan = make_plan(code=code, name=code.title(), currency=more.get("currency", "EUR"))
        version = draft_version(plan_id=plan.pk)
        set_price(
            version_id=version.pk,
            meter_id=meter.pk,
            terms=per_unit(Decimal(more.get("rate", 10))),
        )
        return publish_version(version_id=version.pk, by=None, now=NOW)


@pytest.fixture
def version(tenant: Tenant, requests: Meter) -> PlanVersion:
    """A published version."""
    return published(tenant, requests)


def used(organization: Organization, meter: Meter, quantity: int, day: date = TODAY) -> None:
    """Note usage of a day."""
    with scope(organization.tenant_id):
        UsageBucket.objects.create(
            tenant_id=organization.tenant_id,
            organization=organization,
            meter=meter,
            day=day,
            dimensions={"app": f"a{UsageBucket.objects.count()}", "region": "ams"},
            quantity=quantity,
            events=1,
            last_at=NOW,
        )


def closed_period(organization: Organization, month: int, state: str = "closed") -> BillingPeriod:
    """Note a month of 2026 as closed."""
    with scope(organization.tenant_id):
        return BillingPeriod.objects.create(
            tenant_id=organization.tenant_id,
            organization=organization,
            starts_on=date(2026, month, 1),
            ends_on=date(2026, month + 1, 1),
            starts_at=datetime(2026, month, 1, tzinfo=UTC),
            ends_at=datetime(2026, month + 1, 1, tzinfo=UTC),
            month=date(2026, month, 1),
            whole_days=30,
            state=state,
            closed_at=NOW,
        )


def refusals(error: Any) -> list[tuple[str, str]]:
    """Return field and code of each refusal."""
    return [(wrong.field, wrong.code) for wrong in error.value.errors]


@pytest.fixture
def api(tenant: Tenant) -> Program:
    """A program that reads and writes billing."""
    return program(tenant, "billing:read", "billing:write")
