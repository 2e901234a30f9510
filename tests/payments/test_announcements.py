"""Programs of a company are told of payments and links, in the transaction of what happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from core import event_types
from core.models import Tenant, WebhookEndpoint, WebhookMessage
from core.tenancy import scope
from payments.announcements import TYPES
from payments.models import PaymentLink
from payments.operations.links import deactivate_link, edit_link, make_link, reactivate_link
from payments.operations.refunds import push_refund, request_refund
from payments.operations.sweeps import sweep_ended_links
from tests.payments.conftest import DECLINED, Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


@pytest.fixture(autouse=True)
def listener(tenant: Tenant) -> None:
    """Listen to everything."""
    with scope(tenant.pk):
        WebhookEndpoint.objects.create(
            tenant=tenant, url="https://hooks.example/", secret="whsec_" + "A" * 32
        )


def told(tenant: Tenant) -> list[tuple[str, dict[str, Any]]]:
    with scope(tenant.pk):
        rows = WebhookMessage.objects.order_by("happened_at")
        return [(one.event_type, json.loads(one.body)["data"]) for one in rows]


def types_told(tenant: Tenant) -> set[str]:
    return {name for name, _ in told(tenant)}


def test_every_type_is_known_and_explained() -> None:
    assert TYPES.items() <= event_types.known().items()


def test_payment_that_succeeds_is_told_once_without_the_payer(
    customer: Customer, new_link: NewLink, now: datetime, tenant: Tenant
) -> None:
    link = new_link()
    checkout = customer.open(link)
    customer.pay(checkout, email="ann@payer.example", name="Ann Payer")

    customer.hear(now)
    customer.hear(now)

    payment = customer.payment(checkout)
    facts = [data for name, data in told(tenant) if name == "payment.succeeded"]
    assert facts == [
        {
            "payment": str(payment.pk),
            "link": str(link.pk),
            "kind": "link",
            "subject": str(link.pk),
            "amount_minor": 12500,
            "currency": "EUR",
            "refunded_minor": 0,
            "state": "succeeded",
            "standing": "expected",
            "method": "card",
            "decline_code": "",
            "paid_at": payment.paid_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "stripe_payment_intent_id": payment.stripe_payment_intent_id,
        }
    ]
    assert types_told(tenant) == {"link.created", "payment.succeeded", "link.limit_reached"}
    assert "ann" not in json.dumps(told(tenant)).lower()
    assert link.token not in json.dumps(told(tenant))


def test_decline_and_refund_are_told(
    customer: Customer, new_link: NewLink, now: datetime, tenant: Tenant
) -> None:
    checkout = customer.open(new_link(max_payments=None))
    customer.pay(checkout, card=DECLINED)
    customer.hear(now)
    customer.pay(checkout)
    customer.hear(now)
    payment = customer.payment(checkout)
    with scope(tenant.pk):
        later = timezone.now()
        refund = request_refund(
            payment_id=payment.pk, amount_minor=500, reason="", by=None, now=later
        )
    push_refund(tenant_id=tenant.pk, refund_id=refund.pk, now=later)

    found = told(tenant)

    assert [name for name, _ in found] == [
        "link.created",
        "payment.failed",
        "payment.succeeded",
        "payment.refunded",
    ]
    assert found[1][1]["decline_code"] != ""
    assert found[3][1]["refunded_minor"] == 500


def test_bank_debit_is_told_as_pending_first(
    customer: Customer, new_link: NewLink, now: datetime, tenant: Tenant
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, account="succeeds")
    customer.hear(now)
    customer.hear(now)

    names = [name for name, _ in told(tenant)]

    assert names.count("payment.pending") == 1


def test_changes_of_a_link_are_told(new_link: NewLink, now: datetime, tenant: Tenant) -> None:
    link = new_link()
    with scope(tenant.pk):
        later = [now + timedelta(minutes=minutes) for minutes in range(1, 5)]
        edit_link(link_id=link.pk, changes={"title": "Rest"}, version=None, by=None, now=later[0])
        deactivate_link(link_id=link.pk, now=later[1])
        deactivate_link(link_id=link.pk, now=later[2])
        reactivate_link(link_id=link.pk, now=later[3])

    found = told(tenant)

    assert [name for name, _ in found] == [
        "link.created",
        "link.changed",
        "link.paused",
        "link.resumed",
    ]
    assert [data["status"] for _, data in found] == ["active", "active", "deactivated", "active"]
    assert found[1][1]["title"] == "Rest"


def test_end_of_a_link_is_told_once(new_link: NewLink, now: datetime, tenant: Tenant) -> None:
    new_link(expires_at=now + timedelta(hours=1))
    new_link(expires_at=now + timedelta(days=9))

    counts = [
        sweep_ended_links(tenant_id=tenant.pk, now=now + timedelta(minutes=minutes))
        for minutes in (30, 61, 62, 600)
    ]

    assert counts == [0, 1, 0, 0]
    assert [name for name, _ in told(tenant)].count("link.expired") == 1


def test_link_that_was_not_made_is_not_told(tenant: Tenant, now: datetime) -> None:
    with pytest.raises(RuntimeError), scope(tenant.pk), transaction.atomic():
        make_link(by=None, now=now, title="X", amount_minor=500, currency="EUR")
        raise RuntimeError

    assert told(tenant) == []
