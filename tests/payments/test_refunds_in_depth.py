"""Refunds that wait, add up, or meet a dispute: by operation, page and API alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from payments import queries
from payments.models import Dispute, Payment, PaymentLink, Refund
from payments.operations.decisions import return_payment
from payments.operations.refunds import (
    PaymentDisputed,
    RefundTooLarge,
    push_refund,
    request_refund,
)
from tests.payments.conftest import Customer
from tests.payments.pages.conftest import words
from tests.payments.test_api_links import Api, key_for

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
DISPUTED, PENDS = "4000000000000259", "4000000000007726"
REASON = "a refund would give it twice"


def paid(customer: Customer, new_link: NewLink, **how: str) -> Payment:
    checkout = customer.open(new_link())
    customer.pay(checkout, **how)
    customer.hear(timezone.now() - timedelta(minutes=5))
    payment: Payment = customer.payment(checkout)
    return payment


def ask(customer: Customer, payment: Payment, amount: int | None) -> Refund:
    with scope(customer.tenant.pk):
        return request_refund(
            payment_id=payment.pk, amount_minor=amount, reason="", by=None, now=timezone.now()
        )


def send(customer: Customer, refund: Refund) -> Refund:
    push_refund(tenant_id=customer.tenant.pk, refund_id=refund.pk, now=timezone.now())
    found: Refund = customer.reload(refund)
    return found


def test_pending_refund_counts_until_stripe_says_how_it_ended(
    customer: Customer, new_link: NewLink
) -> None:
    payment = paid(customer, new_link, card=PENDS)

    refund = send(customer, ask(customer, payment, 500))
    while_it_waits = customer.reload(payment).refunded_minor
    customer.sandbox.control("POST", "clock", advance=3600)
    customer.hear(timezone.now() - timedelta(minutes=5))

    assert (refund.state, while_it_waits) == ("pending", 500)
    assert customer.reload(refund).state == "succeeded"
    assert customer.reload(payment).refunded_minor == 500


def test_parts_add_up_to_the_whole_and_no_further(customer: Customer, new_link: NewLink) -> None:
    payment = paid(customer, new_link)

    for amount in (1, 4999, 5000, 2500):
        assert send(customer, ask(customer, payment, amount)).state == "succeeded"
    with pytest.raises(RefundTooLarge) as too_large:
        ask(customer, payment, 1)

    assert too_large.value.left_minor == 0
    assert customer.reload(payment).refunded_minor == 12500
    with scope(customer.tenant.pk):
        assert queries.left_to_refund(payment).minor == 0


def test_disputed_payment_is_not_refunded_besides(customer: Customer, new_link: NewLink) -> None:
    payment = paid(customer, new_link, card=DISPUTED)

    with pytest.raises(PaymentDisputed, match=REASON):
        ask(customer, payment, None)

    with scope(customer.tenant.pk):
        assert Refund.objects.count() == 0


@pytest.mark.parametrize("status", ["won", "warning_needs_response", "warning_closed"])
def test_money_that_the_bank_has_not_taken_can_be_refunded(
    customer: Customer, new_link: NewLink, status: str
) -> None:
    payment = paid(customer, new_link, card=DISPUTED)
    with scope(customer.tenant.pk):
        Dispute.objects.update(status=status)

    refund = ask(customer, payment, 100)

    assert (refund.state, refund.amount_minor) == ("requested", 100)


def test_api_tells_of_the_dispute(customer: Customer, new_link: NewLink, tenant: Tenant) -> None:
    payment = paid(customer, new_link, card=DISPUTED)
    path = f"/api/payments/{payment.pk}/refunds/"

    answer = Api(key_for(tenant)).call("POST", path, {}, **{"Idempotency-Key": "once"})

    assert (answer.status_code, answer.json()["code"]) == (409, "payment_disputed")
    assert REASON in answer.json()["detail"]


def test_page_tells_of_the_dispute(customer: Customer, new_link: NewLink, admin: User) -> None:
    payment = paid(customer, new_link, card=DISPUTED)
    office = Client()
    office.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    typed = {"part": "part", "amount": "1.00", "left": "12500", "confirmed": "yes", "reason": ""}

    response = office.post(reverse("payment_refund", args=[payment.pk]), typed, follow=True)

    assert "Nothing was sent. The payer disputes this payment" in words(response)
    with scope(customer.tenant.pk):
        assert Refund.objects.count() == 0


def test_return_of_late_money_that_is_disputed_decides_nothing(
    customer: Customer, new_link: NewLink, admin: User, now: datetime
) -> None:
    payment = paid(customer, new_link, card=DISPUTED)
    with scope(customer.tenant.pk):
        Payment.objects.filter(pk=payment.pk).update(standing="late")
        with pytest.raises(PaymentDisputed):
            return_payment(payment_id=payment.pk, by=admin, now=now)
    office = Client()
    office.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")

    response = office.post(reverse("payment_return", args=[payment.pk]), follow=True)

    assert "Nothing was changed. The payer disputes this payment" in words(response)
    kept = customer.reload(payment)
    assert (kept.decision, kept.needs_decision) == ("", True)
