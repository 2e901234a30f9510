"""Payments and refunds over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from payments.models import Payment, PaymentLink, Receipt, Refund
from payments.operations.refunds import push_refund, request_refund
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


def test_receipt_says_what_came_and_went_back(api: Api, customer: Customer, paid: Payment) -> None:
    with scope(customer.tenant.pk):
        asked = request_refund(
            payment_id=paid.pk, amount_minor=2500, reason="", by=None, now=timezone.now()
        )
    push_refund(tenant_id=customer.tenant.pk, refund_id=asked.pk, now=timezone.now())

    answer = api.call("GET", f"/api/payments/{paid.pk}/receipt/")

    told = answer.json()
    with scope(customer.tenant.pk):
        receipt = Receipt.objects.get(payment=paid)
    assert (answer.status_code, told["reference"]) == (200, receipt.reference)
    assert (told["payment"], told["url"]) == (str(paid.pk), receipt.url)
    assert (told["seller"], told["title"]) == (customer.tenant.name, "Deposit")
    assert (told["amount"]["minor"], told["kept"]["minor"]) == (12500, 10000)
    assert [(one["state"], one["amount"]["minor"]) for one in told["refunds"]] == [
        ("succeeded", 2500)
    ]


def test_receipt_is_a_pdf_by_its_ending_and_by_what_is_accepted(api: Api, paid: Payment) -> None:
    by_ending = api.call("GET", f"/api/payments/{paid.pk}/receipt.pdf/")
    accepted = api.call("GET", f"/api/payments/{paid.pk}/receipt/", Accept="application/pdf")

    assert by_ending.content == accepted.content
    assert by_ending.content[:5] == b"%PDF-"
    assert {one["Content-Type"] for one in (by_ending, accepted)} == {"application/pdf"}


def test_receipt_of_what_never_came_or_is_another_companys_is_not_there(
    api: Api, customer: Customer, new_link: NewLink, other_tenant: Tenant, paid: Payment
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=POOR)
    customer.hear(timezone.now())
    declined = customer.payment(checkout)
    stranger = Api(key_for(other_tenant))

    for path, accept in (
        ("receipt/", "application/json"),
        ("receipt/", "application/pdf"),
        ("receipt.pdf/", "*/*"),
    ):
        missing = api.call("GET", f"/api/payments/{declined.pk}/{path}", Accept=accept)
        foreign = stranger.call("GET", f"/api/payments/{paid.pk}/{path}", Accept=accept)

        assert (missing.status_code, missing.json()["code"]) == (404, "no_receipt")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
