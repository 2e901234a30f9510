"""Payments and refunds over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import Payment, PaymentLink, Refund
from tests.payments.conftest import POOR, Customer
from tests.payments.test_api_links import Api, key_for

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


@pytest.fixture
def api(tenant: Tenant) -> Api:
    """A program with a key for everything."""
    return Api(key_for(tenant))


@pytest.fixture
def paid(customer: Customer, new_link: NewLink, now: datetime) -> Payment:
    """A payment of 125.00 EUR that succeeded."""
    checkout = customer.open(new_link())
    customer.pay(checkout, name="Eva Smit", email="eva@example.com")
    customer.hear(now)
    payment: Payment = customer.payment(checkout)
    return payment


def refunds(payment: Payment) -> str:
    return f"/api/payments/{payment.pk}/refunds/"


def test_payment_shows_what_came_and_from_whom(api: Api, paid: Payment) -> None:
    shown = api.call("GET", f"/api/payments/{paid.pk}/").json()

    assert (shown["status"], shown["amount"]["minor"], shown["refunded"]["minor"]) == (
        "success",
        12500,
        0,
    )
    assert shown["payer"] == {"name": "Eva Smit", "email": "eva@example.com"}
    assert (shown["standing"], shown["needs_decision"], shown["kind"]) == (
        "expected",
        False,
        "link",
    )
    [listed] = api.call("GET", "/api/payments/?status=success").json()["items"]
    assert listed == shown
    assert api.call("GET", "/api/payments/?status=failure").json()["items"] == []


def test_declined_try_is_listed_as_failure_with_its_reason(
    api: Api, customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    customer.pay(customer.open(link), card=POOR)
    customer.hear(now)

    [shown] = api.call("GET", "/api/payments/?status=failure").json()["items"]
    [checkout] = api.call("GET", f"/api/payment-links/{link.pk}/checkouts/").json()["items"]

    assert (shown["decline_code"], shown["decline_message"] != "") == ("insufficient_funds", True)
    assert (checkout["state"], checkout["decline_code"]) == ("open", "insufficient_funds")


def test_refund_needs_an_idempotency_key(api: Api, tenant: Tenant, paid: Payment) -> None:
    answer = api.call("POST", refunds(paid), {"amount_minor": 100})

    assert answer.status_code == 400
    with scope(tenant.pk):
        assert Refund.objects.count() == 0


def test_repeated_refund_is_one_refund(api: Api, tenant: Tenant, paid: Payment) -> None:
    answers = [
        api.call("POST", refunds(paid), {"amount_minor": 2500}, **{"Idempotency-Key": "r1"})
        for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    with scope(tenant.pk):
        assert [refund.amount_minor for refund in Refund.objects.all()] == [2500]


@pytest.mark.parametrize("amount", [0, -5, 12501, 10**20, "100", 1.5, None, True])
def test_refund_of_a_wrong_amount_is_pointed_at(api: Api, paid: Payment, amount: Any) -> None:
    answer = api.call("POST", refunds(paid), {"amount_minor": amount}, **{"Idempotency-Key": "r1"})

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/amount_minor"]


def test_counselor_may_see_but_not_refund(counselor: User, paid: Payment) -> None:
    token = Client().post(
        "/api/token/",
        {"username": counselor.email, "password": "correct horse"},
        content_type="application/json",
    )
    api = Api({"Authorization": f"Bearer {token.json()['access']}"})

    seen = api.call("GET", f"/api/payments/{paid.pk}/")
    refused = api.call("POST", refunds(paid), {}, **{"Idempotency-Key": "r1"})

    assert (seen.status_code, refused.status_code) == (200, 403)


def test_payment_of_another_tenant_is_not_there(other_tenant: Tenant, paid: Payment) -> None:
    api = Api(key_for(other_tenant))

    answers = [
        api.call("GET", f"/api/payments/{paid.pk}/"),
        api.call("GET", refunds(paid)),
        api.call("POST", refunds(paid), {}, **{"Idempotency-Key": "r1"}),
        api.call(
            "POST",
            f"/api/payments/{paid.pk}/decision/",
            {"decision": "keep"},
            **{"Idempotency-Key": "d1"},
        ),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]


def test_expected_payment_needs_no_decision(api: Api, paid: Payment) -> None:
    answer = api.call(
        "POST",
        f"/api/payments/{paid.pk}/decision/",
        {"decision": "keep"},
        **{"Idempotency-Key": "d1"},
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_decide")


def test_refunds_are_listed_page_by_page(api: Api, paid: Payment) -> None:
    for key in ("r1", "r2", "r3"):
        api.call("POST", refunds(paid), {"amount_minor": 1000}, **{"Idempotency-Key": key})
    whole = [row["id"] for row in api.call("GET", refunds(paid)).json()["items"]]

    first = api.call("GET", f"{refunds(paid)}?limit=2").json()
    second = api.call("GET", first["next"]).json()

    assert len(whole) == 3
    assert [row["id"] for row in first["items"] + second["items"]] == whole
    assert second["next"] is None
