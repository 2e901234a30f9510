"""Refunds: whole or part, never more than came, and the same at Stripe as here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from core.models import User
from core.tenancy import scope
from payments.models import Payment, PaymentLink, Refund
from payments.operations.decisions import (
    NoteMissing,
    NothingToDecide,
    RefundNotFailed,
    RefundSettled,
    keep_payment,
    return_payment,
    settle_refund,
)
from payments.operations.links import deactivate_link, reactivate_link
from payments.operations.refunds import (
    NotRefundable,
    RefundTooLarge,
    push_refund,
    request_refund,
)
from payments.queries import failed_refunds
from tests.payments.conftest import POOR, Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


@pytest.fixture
def paid(customer: Customer, new_link: NewLink, now: datetime) -> Payment:
    """A payment of 125.00 EUR that succeeded."""
    checkout = customer.open(new_link())
    customer.pay(checkout)
    customer.hear(now)
    payment: Payment = customer.payment(checkout)
    return payment


def ask(customer: Customer, payment: Payment, amount: int | None, by: User | None = None) -> Refund:
    with scope(customer.tenant.pk):
        return request_refund(
            payment_id=payment.pk, amount_minor=amount, reason="Broken", by=by, now=timezone.now()
        )


def push(customer: Customer, refund: Refund, *, later: timedelta = timedelta()) -> bool:
    return push_refund(
        tenant_id=customer.tenant.pk, refund_id=refund.pk, now=timezone.now() + later
    )


def at_stripe(customer: Customer, payment: Payment) -> list[int]:
    found = customer.sandbox.stripe(
        "GET",
        "refunds",
        key=customer.account.secret_key,
        payment_intent=payment.stripe_payment_intent_id,
    )
    return sorted(refund["amount"] for refund in found["data"])


def test_part_is_refunded_and_the_rest_can_follow(customer: Customer, paid: Payment) -> None:
    part = ask(customer, paid, 2500)
    assert push(customer, part) is True
    rest = ask(customer, paid, None)
    assert push(customer, rest) is True

    assert (customer.reload(part).state, rest.amount_minor) == ("succeeded", 10000)
    assert customer.reload(paid).refunded_minor == 12500
    assert at_stripe(customer, paid) == [2500, 10000]


def test_refund_is_pushed_once(customer: Customer, paid: Payment) -> None:
    refund = ask(customer, paid, 2500)

    answers = [push(customer, refund), push(customer, refund)]

    assert answers == [True, False]
    assert at_stripe(customer, paid) == [2500]


@pytest.mark.parametrize("amount", [12501, 0, -1, 10**12])
def test_more_than_was_paid_or_less_than_something_is_refused(
    customer: Customer, paid: Payment, amount: int
) -> None:
    with pytest.raises(RefundTooLarge) as refused:
        ask(customer, paid, amount)

    assert refused.value.left_minor == 12500


def test_parallel_requests_never_exceed_the_payment(customer: Customer, paid: Payment) -> None:
    def click(number: int) -> int:
        try:
            return ask(customer, paid, 5000).amount_minor
        except RefundTooLarge:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(click, range(16)))

    assert sorted(answers, reverse=True)[:3] == [5000, 5000, 0]


def test_failed_payment_is_not_refundable(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=POOR)
    customer.hear(now)

    with pytest.raises(NotRefundable):
        ask(customer, customer.payment(checkout), 100)


@pytest.mark.parametrize("kind", ["error_before", "lost_after", "error_after", "drop_before"])
def test_refund_through_faults_is_made_once(customer: Customer, paid: Payment, kind: str) -> None:
    refund = ask(customer, paid, 2500)
    customer.sandbox.control("POST", "faults", kind=kind, path="/v1/refunds", method="POST")
    first = push(customer, refund)
    customer.sandbox.control("DELETE", "faults")

    for _ in range(3):
        push(customer, refund, later=timedelta(hours=2))

    assert (first, customer.reload(refund).state) == (kind == "error_after", "succeeded")
    assert at_stripe(customer, paid) == [2500]
    assert customer.reload(paid).refunded_minor == 2500


def test_refund_with_an_old_key_is_looked_for_first(customer: Customer, paid: Payment) -> None:
    refund = ask(customer, paid, 2500)
    push(customer, refund)
    with scope(customer.tenant.pk):
        Refund.objects.filter(pk=refund.pk).update(
            state="requested", stripe_refund_id=None, next_at=timezone.now()
        )
    customer.sandbox.control("POST", "clock", advance=25 * 3600)

    push(customer, refund, later=timedelta(hours=25))

    assert at_stripe(customer, paid) == [2500]
    assert customer.reload(refund).state == "succeeded"


def test_refund_made_at_stripe_is_recorded(
    customer: Customer, paid: Payment, now: datetime
) -> None:
    customer.sandbox.stripe(
        "POST",
        "refunds",
        key=customer.account.secret_key,
        payment_intent=paid.stripe_payment_intent_id,
        amount=700,
    )

    customer.hear(now)

    assert customer.reload(paid).refunded_minor == 700
    with scope(customer.tenant.pk):
        assert list(Refund.objects.values_list("reason", "amount_minor")) == [
            ("Made at Stripe", 700)
        ]


def test_refund_that_stripe_refuses_fails_with_its_words(
    customer: Customer, paid: Payment, now: datetime
) -> None:
    refund = ask(customer, paid, 12500)
    customer.sandbox.stripe(
        "POST",
        "refunds",
        key=customer.account.secret_key,
        payment_intent=paid.stripe_payment_intent_id,
    )

    pushed = push(customer, refund)

    failed = customer.reload(refund)
    assert (pushed, failed.state, failed.last_error != "") == (False, "failed", True)


@pytest.fixture
def late(customer: Customer, new_link: NewLink, now: datetime) -> UUID:
    """A payment that came after its link was switched off."""
    link = new_link()
    checkout = customer.open(link)
    with scope(customer.tenant.pk):
        deactivate_link(link_id=link.pk, now=timezone.now() - timedelta(seconds=5))
    customer.pay(checkout)
    customer.hear(now)
    pk: UUID = customer.payment(checkout).pk
    return pk


def test_late_payment_is_kept_by_a_person_once(
    customer: Customer, late: UUID, admin: User, now: datetime
) -> None:
    with scope(customer.tenant.pk):
        kept = keep_payment(payment_id=late, by=admin, now=now)
    with pytest.raises(NothingToDecide), scope(customer.tenant.pk):
        keep_payment(payment_id=late, by=admin, now=now)

    assert (kept.decision, kept.decided_by, kept.decided_at) == ("kept", admin, now)


def test_late_payment_is_sent_back_whole(
    customer: Customer, late: UUID, admin: User, now: datetime
) -> None:
    with scope(customer.tenant.pk):
        returned = return_payment(payment_id=late, by=admin, now=now)
        refund = Refund.objects.get()
    push(customer, refund)

    assert returned.decision == "refunded"
    assert customer.reload(returned).refunded_minor == 12500


def test_late_payment_that_is_kept_counts_as_paid(
    customer: Customer, late: UUID, admin: User, now: datetime
) -> None:
    with scope(customer.tenant.pk):
        kept = keep_payment(payment_id=late, by=admin, now=now)

    assert customer.reload(kept.link).paid_count == 1


def test_return_while_a_whole_refund_is_under_way_decides_nothing(
    customer: Customer, late: UUID, admin: User, now: datetime
) -> None:
    with scope(customer.tenant.pk):
        request_refund(payment_id=late, amount_minor=None, reason="", by=admin, now=now)
        with pytest.raises(RefundTooLarge):
            return_payment(payment_id=late, by=admin, now=now)

    with scope(customer.tenant.pk):
        assert Payment.objects.get(pk=late).decision == ""


def test_return_that_fails_is_asked_about_again(
    customer: Customer, late: UUID, admin: User, now: datetime
) -> None:
    with scope(customer.tenant.pk):
        payment = return_payment(payment_id=late, by=admin, now=now)
        Payment.objects.filter(pk=late).update(stripe_payment_intent_id="pi_nowhere")
        refund = Refund.objects.get()

    pushed = push(customer, refund)

    with scope(customer.tenant.pk):
        payment = Payment.objects.get(pk=late)
    assert (pushed, payment.needs_decision, payment.decided_by) == (False, True, None)


@pytest.fixture
def failed(customer: Customer, paid: Payment) -> Refund:
    """A refund of all of a payment that failed."""
    refund = ask(customer, paid, None)
    with scope(customer.tenant.pk):
        Refund.objects.filter(pk=refund.pk).update(state="failed", last_error="Account closed")
    return refund


def test_failed_refund_that_is_settled_otherwise_leaves_the_worklist(
    customer: Customer, failed: Refund, admin: User, now: datetime
) -> None:
    with scope(customer.tenant.pk):
        before = [refund.pk for refund in failed_refunds()]
        settle_refund(refund_id=failed.pk, note="  by bank\ttransfer ", by=admin, now=now)
        after = list(failed_refunds())

    kept = customer.reload(failed)
    assert (before, after) == ([failed.pk], [])
    assert (kept.state, kept.settled_note, kept.settled_at, kept.settled_by_id) == (
        "failed", "by bank transfer", now, admin.pk,
    )  # fmt: skip


def test_refund_is_settled_once(
    customer: Customer, failed: Refund, admin: User, now: datetime
) -> None:
    with scope(customer.tenant.pk):
        settle_refund(refund_id=failed.pk, note="in cash", by=admin, now=now)

    with pytest.raises(RefundSettled), scope(customer.tenant.pk):
        settle_refund(refund_id=failed.pk, note="by transfer", by=None, now=now)

    assert customer.reload(failed).settled_note == "in cash"


@pytest.mark.parametrize("note", ["", " \n ", "\0", "x" * 301])
def test_settling_needs_a_note(
    customer: Customer, failed: Refund, now: datetime, note: str
) -> None:
    with pytest.raises(NoteMissing), scope(customer.tenant.pk):
        settle_refund(refund_id=failed.pk, note=note, by=None, now=now)


def test_refund_that_is_on_its_way_cannot_be_settled(
    customer: Customer, paid: Payment, now: datetime
) -> None:
    refund = ask(customer, paid, None)

    with pytest.raises(RefundNotFailed), scope(customer.tenant.pk):
        settle_refund(refund_id=refund.pk, note="in cash", by=None, now=now)


def test_settled_refund_has_its_note(customer: Customer, failed: Refund, now: datetime) -> None:
    with pytest.raises(IntegrityError), scope(customer.tenant.pk):
        Refund.objects.filter(pk=failed.pk).update(settled_at=now)


def test_payment_made_while_the_link_was_off_is_late_though_it_is_on_again(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.open(link)
    customer.pay(checkout)
    with scope(customer.tenant.pk):
        deactivate_link(link_id=link.pk, now=now - timedelta(hours=1))
        reactivate_link(link_id=link.pk, now=timezone.now() + timedelta(hours=1))

    customer.hear(now)

    assert customer.payment(checkout).standing == "late"


def test_link_keeps_each_time_it_was_off(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    with scope(customer.tenant.pk):
        for days in (4, 2):
            deactivate_link(link_id=link.pk, now=now - timedelta(days=days))
            for _ in range(2):
                reactivate_link(link_id=link.pk, now=now - timedelta(days=days - 1))

    kept = customer.reload(link)
    days_ago = {n: now - timedelta(days=n) for n in range(5)}
    off = [(time.lower, time.upper) for time in kept.times_off]
    assert off == [(days_ago[4], days_ago[3]), (days_ago[2], days_ago[1])]
    assert [kept.was_payable_at(now - timedelta(hours=h)) for h in (84, 60, 36, 12)] == [
        False, True, False, True,
    ]  # fmt: skip
