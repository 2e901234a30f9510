"""Money becomes a row: once, only when Stripe says so, and never the wrong row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from core.tenancy import scope
from payments.models import Checkout, Payment, PaymentLink
from payments.operations.checkouts import end_without_money
from payments.operations.links import deactivate_link
from payments.operations.settle import refresh_checkout
from payments.operations.sweeps import check_checkout, close_checkout, close_link_checkouts
from tests.payments.conftest import DECLINED, POOR, Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]


def test_paid_session_becomes_one_successful_payment(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.open(link)
    customer.pay(checkout, name="Eva Smit", email="eva@example.com")

    customer.hear(now)
    customer.hear(now)

    payment = customer.payment(checkout)
    assert (payment.state, payment.standing) == ("succeeded", "expected")
    assert (payment.amount_minor, payment.currency) == (12500, "EUR")
    assert (payment.method, payment.card_brand, payment.last4) == ("card", "visa", "4242")
    assert payment.payer == {"name": "Eva Smit", "email": "eva@example.com"}
    link = customer.reload(link)
    assert (link.paid_count, link.slots_taken) == (1, 1)
    assert link.status_at(timezone.now()) == PaymentLink.Status.PAID


def test_declined_card_is_a_failure_and_the_next_card_a_success(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=POOR)
    customer.hear(now)
    declined = customer.payment(checkout)

    customer.pay(checkout)
    customer.hear(now)

    assert (declined.state, declined.decline_code) == ("failed", "insufficient_funds")
    assert declined.decline_message != ""
    paid = customer.payment(checkout)
    assert (paid.pk, paid.state, paid.decline_code) == (declined.pk, "succeeded", "")


def test_bank_debit_is_pending_until_it_succeeds(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.open(link)
    customer.pay(checkout, account="succeeds")
    customer.hear(now)
    pending = customer.payment(checkout)

    customer.sandbox.control("POST", f"checkout/sessions/{checkout.stripe_session_id}/async")
    customer.hear(now)

    assert (pending.state, pending.paid_at) == ("pending", None)
    assert customer.payment(checkout).state == "succeeded"
    assert customer.reload(link).paid_count == 1


def test_failed_bank_debit_gives_the_slot_back(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.open(link)
    customer.pay(checkout, account="fails")
    customer.hear(now)

    customer.sandbox.control("POST", f"checkout/sessions/{checkout.stripe_session_id}/async")
    customer.hear(now)

    assert customer.payment(checkout).state == "failed"
    assert customer.reload(checkout).state == "failed"
    assert (customer.reload(link).slots_taken, customer.reload(link).paid_count) == (0, 0)


def test_expired_session_gives_the_slot_back_once(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link(max_payments=2)
    checkout = customer.open(link)
    key = customer.account.secret_key
    customer.sandbox.stripe(
        "POST", f"checkout/sessions/{checkout.stripe_session_id}/expire", key=key
    )

    customer.hear(now)
    refresh_checkout(
        tenant_id=customer.tenant.pk, session_id=checkout.stripe_session_id or "", now=now
    )

    assert customer.reload(checkout).state == "expired"
    assert customer.reload(link).slots_taken == 0


def test_payment_after_switching_off_waits_for_a_decision(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.open(link)
    with scope(customer.tenant.pk):
        deactivate_link(link_id=link.pk, now=timezone.now() - timedelta(seconds=5))
    customer.pay(checkout)

    customer.hear(now)

    payment = customer.payment(checkout)
    assert (payment.state, payment.standing, payment.needs_decision) == ("succeeded", "late", True)
    assert customer.reload(link).paid_count == 0


def test_second_payment_of_a_single_link_is_surplus(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    first = customer.open(link)
    with scope(customer.tenant.pk):
        end_without_money(checkout_id=first.pk, state=Checkout.State.EXPIRED, now=timezone.now())
    second = customer.open(link)
    customer.pay(second)
    customer.hear(now)

    customer.pay(first)
    customer.hear(now)

    assert customer.payment(second).standing == "expected"
    assert customer.payment(first).standing == "surplus"
    assert customer.reload(link).paid_count == 1


def test_money_for_an_expired_attempt_is_expected_while_a_slot_is_free(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.open(link)
    with scope(customer.tenant.pk):
        end_without_money(checkout_id=checkout.pk, state=Checkout.State.EXPIRED, now=timezone.now())
    customer.pay(checkout)

    customer.hear(now)

    assert customer.payment(checkout).standing == "expected"
    assert (customer.reload(link).slots_taken, customer.reload(link).paid_count) == (1, 1)


def test_amount_that_was_not_asked_for_is_mismatched(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    with scope(customer.tenant.pk):
        Checkout.objects.filter(pk=checkout.pk).update(amount_minor=99900)
    customer.pay(checkout)

    customer.hear(now)

    payment = customer.payment(checkout)
    assert (payment.standing, payment.amount_minor) == ("mismatched", 12500)
    assert payment.mismatch == "asked for 99900 EUR, paid 12500 EUR (minor units)"


def test_lost_answer_is_adopted_by_the_first_event(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.open(link)
    with scope(customer.tenant.pk):
        Checkout.objects.filter(pk=checkout.pk).update(
            state="created", stripe_session_id=None, session_url=""
        )
    customer.pay(checkout)

    customer.hear(now)

    assert customer.reload(checkout).stripe_session_id == checkout.stripe_session_id
    assert customer.payment(checkout).state == "succeeded"


def test_webhook_that_never_comes_is_made_up_for_by_asking(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout)

    check_checkout(tenant_id=customer.tenant.pk, checkout_id=checkout.pk, now=now)

    assert customer.payment(checkout).state == "succeeded"


def test_attempt_without_a_session_is_ended_when_stripe_knows_none(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = customer.claim(link)

    check_checkout(tenant_id=customer.tenant.pk, checkout_id=checkout.pk, now=now)
    still = customer.reload(checkout).state
    check_checkout(
        tenant_id=customer.tenant.pk, checkout_id=checkout.pk, now=now + timedelta(hours=1)
    )

    assert still == "created"
    assert customer.reload(checkout).state == "expired"
    assert customer.reload(link).slots_taken == 0


def test_end_of_a_link_closes_its_open_sessions(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link(max_payments=5)
    sessions = [customer.open(link, visitor=str(n)) for n in range(2)]
    with scope(customer.tenant.pk):
        deactivate_link(link_id=link.pk, now=now)

    closed = close_link_checkouts(tenant_id=customer.tenant.pk, link_id=link.pk, now=timezone.now())

    assert closed == 2
    assert [customer.reload(checkout).state for checkout in sessions] == ["expired", "expired"]


def test_declined_try_stays_a_failure_when_the_session_expires(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=DECLINED)
    customer.hear(now)
    key = customer.account.secret_key
    customer.sandbox.stripe(
        "POST", f"checkout/sessions/{checkout.stripe_session_id}/expire", key=key
    )

    customer.hear(now)

    assert customer.payment(checkout).state == Payment.State.FAILED
    assert customer.reload(checkout).state == "expired"


def test_failed_try_on_a_page_that_closed_costs_no_call(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=DECLINED)
    customer.hear(now)
    close_checkout(tenant_id=customer.tenant.pk, checkout_id=checkout.pk, now=now)
    intent = customer.reload(checkout).stripe_payment_intent_id
    which = {"tenant_id": customer.tenant.pk, "payment_intent_id": intent, "now": now}
    customer.sandbox.control("DELETE", "requests")

    failed = refresh_checkout(**which, failed_try_at=now)
    calls = customer.sandbox.control("GET", "requests")["requests"]
    other = refresh_checkout(**which)

    assert (failed.state, calls) == ("expired", [])
    assert other.state == "expired"
    assert len(customer.sandbox.control("GET", "requests")["requests"]) == 1


@pytest.mark.parametrize(("read_after", "calls"), [(2, 0), (0.5, 1), (-2, 1)])
def test_failed_try_that_was_read_of_since_costs_no_call(
    customer: Customer, new_link: NewLink, now: datetime, read_after: float, calls: int
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout, card=DECLINED)
    customer.hear(now)
    read = customer.reload(checkout)
    assert read.stripe_payment_intent_id is not None
    assert read.checked_at is not None
    customer.sandbox.control("DELETE", "requests")

    found = refresh_checkout(
        tenant_id=customer.tenant.pk,
        payment_intent_id=read.stripe_payment_intent_id,
        failed_try_at=read.checked_at - timedelta(seconds=read_after),
        now=now,
    )

    assert found is not None
    assert found.state == "open"
    assert len(customer.sandbox.control("GET", "requests")["requests"]) == calls
