"""Alerts and limits: told once a threshold and period, to people and to programs."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from billing import tasks
from billing.models import Alert, AlertFiring, Meter, Notice, Organization, PlanVersion, UsageBucket
from billing.operations.alerts import (
    MOST_ALERTS,
    AlertEnded,
    end_alert,
    end_limit,
    look_at_alerts,
    send_looks,
    set_alert,
    set_limit,
)
from billing.operations.assignments import assign_plan
from billing.operations.meters import make_meter
from billing.operations.organizations import OrganizationClosed, close_organization
from billing.queries.limits import limit_state
from core.invalid import FieldsInvalid
from core.jobs import TENANT_HEADER
from core.models import Tenant, WebhookDelivery, WebhookMessage
from core.operations.outgoing import deliver_webhook
from core.operations.webhook_endpoints import make_endpoint
from core.tenancy import scope
from tests.billing.setup.conftest import NOW, TODAY, refusals, used
from tests.core.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def spender(acme: Organization, version: PlanVersion) -> Organization:
    """An organization that pays 10 minor units a request."""
    with scope(acme.tenant_id):
        assign_plan(
            organization_id=acme.pk, version_id=version.pk, starts_on=date(2026, 9, 1), now=NOW
        )
    return acme


@pytest.fixture
def receiver(spender: Organization, settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_LOOPBACK = True
    with Receiver() as receiver:
        with scope(spender.tenant_id):
            make_endpoint(url=receiver.url)
        yield receiver


def look(organization: Organization, now: datetime = NOW) -> int:
    with scope(organization.tenant_id):
        return look_at_alerts(organization_ids=[organization.pk], now=now)


def alert(organization: Organization, **fields: Any) -> Alert:
    with scope(organization.tenant_id):
        return set_alert(organization_id=organization.pk, now=NOW, **{"kind": "amount", **fields})


def test_amount_is_told_when_it_is_reached_and_once(spender: Organization, requests: Meter) -> None:
    alert(spender, amount_minor=1000)

    used(spender, requests, 99)
    below = look(spender)
    used(spender, requests, 1)
    told = [look(spender), look(spender)]

    with scope(spender.tenant_id):
        firing, notice = AlertFiring.objects.get(), Notice.objects.get()
    assert (below, told) == (0, [1, 0])
    assert (firing.value, firing.threshold) == (1000, 1000)
    assert firing.period_starts_on == date(2026, 11, 1)
    assert (notice.kind, notice.title) == ("alert_amount", "€10.00 reached")
    assert notice.text == "You owe €10.00 since 2026-11-01, before tax. You asked to be told."


def test_next_period_tells_again(spender: Organization, requests: Meter) -> None:
    alert(spender, amount_minor=1000)
    used(spender, requests, 100)
    look(spender)

    used(spender, requests, 100, day=date(2026, 12, 3))
    told = look(spender, datetime(2026, 12, 5, tzinfo=UTC))

    assert told == 1


@pytest.mark.parametrize(
    ("aggregation", "quantities", "expected"),
    [
        ("sum", [40, 60], 100), ("count", [40, 60], 100), ("max", [40, 100], 100),
        ("latest", [900, 100], 100),
    ],
)  # fmt: skip
def test_usage_of_a_meter_is_told_by_its_aggregation(
    acme: Organization, aggregation: str, quantities: list[int], expected: int
) -> None:
    with scope(acme.tenant_id):
        meter = make_meter(
            code="m", name="Discs", aggregation=aggregation, unit="GB", dimensions=["app"]
        )
    for place, quantity in enumerate(quantities):
        used(acme, meter, quantity, day=date(2026, 11, 10 + place))
    with scope(acme.tenant_id):
        UsageBucket.objects.filter(day=date(2026, 11, 10)).update(last_at=NOW.replace(day=1))
    alert(acme, kind="usage", meter_id=meter.pk, quantity=Decimal(expected))
    alert(acme, kind="usage", meter_id=meter.pk, quantity=Decimal(expected) + 1)

    told = look(acme)

    with scope(acme.tenant_id):
        firing, notice = AlertFiring.objects.get(), Notice.objects.get()
    assert (told, firing.value) == (1, expected)
    assert notice.text == ("You used 100 GB since 2026-11-01. You asked to be told at 100 GB.")


def test_other_months_do_not_count(spender: Organization, requests: Meter) -> None:
    alert(spender, kind="usage", meter_id=requests.pk, quantity=Decimal(10))
    used(spender, requests, 50, day=date(2026, 10, 31))
    used(spender, requests, 50, day=date(2026, 12, 1))

    assert look(spender) == 0


def test_four_workers_tell_once(spender: Organization, requests: Meter, receiver: Receiver) -> None:
    alert(spender, amount_minor=1000)
    used(spender, requests, 100)

    def work(_: int) -> int:
        try:
            return look(spender)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        told = sum(pool.map(work, range(4)))

    with scope(spender.tenant_id):
        counts = (
            AlertFiring.objects.count(), Notice.objects.count(), WebhookMessage.objects.count(),
        )  # fmt: skip
    assert (told, counts) == (1, (1, 1, 1))


def test_programs_are_told_of_alert_and_limit(
    spender: Organization, requests: Meter, receiver: Receiver
) -> None:
    made = alert(spender, kind="usage", meter_id=requests.pk, quantity=Decimal("0.5"))
    with scope(spender.tenant_id):
        limit = set_limit(organization_id=spender.pk, amount_minor=500, now=NOW)
    used(spender, requests, 100)
    look(spender)

    with scope(spender.tenant_id):
        due = list(WebhookDelivery.objects.order_by("message__event_type"))
    for delivery in due:
        deliver_webhook(tenant_id=spender.tenant_id, delivery_id=delivery.pk, now=NOW)

    shared = {
        "organization": str(spender.pk), "code": "acme", "period_starts_on": "2026-11-01",
        "period_ends_on": "2026-12-01",
    }  # fmt: skip
    assert [heard.json["type"] for heard in receiver.heard] == [
        "organization.alert_reached", "organization.limit_reached",
    ]  # fmt: skip
    assert receiver.heard[0].json["data"] == {
        **shared, "alert": str(made.pk), "kind": "usage", "meter": "requests", "currency": None,
        "threshold": "0.5", "value": "100",
    }  # fmt: skip
    assert receiver.heard[1].json["data"] == {
        **shared, "alert": str(limit.pk), "kind": "limit", "meter": None, "currency": "EUR",
        "threshold": 500, "value": 1000,
    }  # fmt: skip


def test_limit_says_whether_it_is_reached(spender: Organization, requests: Meter) -> None:
    def state() -> Any:
        with scope(spender.tenant_id):
            return limit_state(spender, now=NOW)

    without = state()
    with scope(spender.tenant_id):
        set_limit(organization_id=spender.pk, amount_minor=1000, now=NOW)
    used(spender, requests, 99)
    below = state()
    used(spender, requests, 1)
    at = state()
    look(spender)
    told = state()

    assert (without["limit_minor"], without["is_over_limit"]) == (None, False)
    assert (below["owed_minor"], below["is_over_limit"]) == (990, False)
    assert (at["owed_minor"], at["is_over_limit"], at["reached_at"]) == (1000, True, None)
    assert told["reached_at"] is not None
    assert (told["period_starts_on"], told["currency"]) == (date(2026, 11, 1), "EUR")


def test_raised_limit_is_told_again_when_it_is_reached(
    spender: Organization, requests: Meter
) -> None:
    with scope(spender.tenant_id):
        set_limit(organization_id=spender.pk, amount_minor=500, now=NOW)
    used(spender, requests, 100)
    first = look(spender)
    with scope(spender.tenant_id):
        raised = set_limit(organization_id=spender.pk, amount_minor=1500, now=NOW)
        same = set_limit(organization_id=spender.pk, amount_minor=1500, now=NOW)
    between = look(spender)
    used(spender, requests, 100)
    second = look(spender)

    with scope(spender.tenant_id):
        assert Alert.objects.count() == 1
    assert (raised.version, same.version) == (2, 2)
    assert (first, between, second) == (1, 0, 1)


def test_ended_alert_is_silent(spender: Organization, requests: Meter) -> None:
    made = alert(spender, amount_minor=1000)
    used(spender, requests, 100)
    with scope(spender.tenant_id):
        end_alert(alert_id=made.pk, now=NOW)
        set_limit(organization_id=spender.pk, amount_minor=1, now=NOW)
        end_limit(organization_id=spender.pk, now=NOW)
        end_limit(organization_id=spender.pk, now=NOW)
        with pytest.raises(AlertEnded):
            end_alert(alert_id=made.pk, now=NOW)

    assert look(spender) == 0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kind": "limit"}, [("kind", "invalid_choice")]),
        ({}, [("amount_minor", "required")]),
        ({"amount_minor": 0}, [("amount_minor", "out_of_range")]),
        ({"amount_minor": 5, "quantity": Decimal(1)}, [("quantity", "not_allowed")]),
        ({"kind": "usage"}, [("meter", "required"), ("quantity", "required")]),
    ],
)
def test_wrong_alerts_are_refused(
    acme: Organization, fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(FieldsInvalid) as caught:
        alert(acme, **fields)

    assert refusals(caught) == expected


def test_wrong_quantities_are_refused(acme: Organization, requests: Meter) -> None:
    def wrong(quantity: str) -> list[tuple[str, str]]:
        with pytest.raises(FieldsInvalid) as caught:
            alert(acme, kind="usage", meter_id=requests.pk, quantity=Decimal(quantity))
        return refusals(caught)

    assert wrong("NaN") == [("quantity", "not_a_number")]
    assert wrong("0") == [("quantity", "is_zero")]
    assert wrong("-1") == [("quantity", "below_zero")]


def test_same_alert_is_one_and_there_is_an_end(acme: Organization) -> None:
    first, again = alert(acme, amount_minor=100), alert(acme, amount_minor=100)
    for number in range(1, MOST_ALERTS):
        alert(acme, amount_minor=100 + number)
    with pytest.raises(FieldsInvalid) as caught:
        alert(acme, amount_minor=5000)

    assert first.pk == again.pk
    assert refusals(caught) == [("kind", "too_many")]


def test_closed_organization_sets_nothing(acme: Organization) -> None:
    with scope(acme.tenant_id):
        close_organization(organization_id=acme.pk, now=NOW)
        with pytest.raises(OrganizationClosed):
            set_limit(organization_id=acme.pk, amount_minor=5, now=NOW)
    with pytest.raises(OrganizationClosed):
        alert(acme, amount_minor=5)


def test_constraints_hold(acme: Organization, requests: Meter) -> None:
    def broken(**fields: Any) -> str:
        with pytest.raises(IntegrityError) as caught, transaction.atomic():
            Alert.objects.create(tenant_id=acme.tenant_id, organization=acme, **fields)
        return str(caught.value)

    with scope(acme.tenant_id):
        set_limit(organization_id=acme.pk, amount_minor=5, now=NOW)
        rules = [
            broken(kind="usage", amount_minor=1),
            broken(kind="amount", amount_minor=1, meter=requests),
            broken(kind="limit", amount_minor=7),
        ]

    assert "alert_has_its_threshold" in rules[0]
    assert "alert_has_its_threshold" in rules[1]
    assert "one_spend_limit_per_organization" in rules[2]


def test_sweep_finds_organizations_with_alerts(
    spender: Organization, requests: Meter, other_tenant: Tenant
) -> None:
    now = datetime.now(tz=UTC)
    used(spender, requests, 100, day=now.date())
    alert(spender, amount_minor=1000)

    counts = [send_looks(tenant_id=t, now=NOW) for t in (spender.tenant_id, other_tenant.pk)]
    header = {TENANT_HEADER: str(spender.tenant_id)}
    tasks.look_at_alerts.apply(kwargs={"organization_ids": [str(spender.pk)]}, headers=header)

    with scope(spender.tenant_id):
        assert AlertFiring.objects.count() == 1
    assert counts == [1, 0]


def test_alerts_of_another_company_stay_hidden(
    spender: Organization, requests: Meter, other_tenant: Tenant
) -> None:
    made = alert(spender, amount_minor=1000)
    used(spender, requests, 100, day=TODAY)

    with scope(other_tenant.pk):
        told = look_at_alerts(organization_ids=[spender.pk], now=NOW)
        with pytest.raises(Alert.DoesNotExist):
            end_alert(alert_id=made.pk, now=NOW)

    assert told == 0
