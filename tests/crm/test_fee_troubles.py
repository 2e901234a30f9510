"""The application fee on bad days: not paid, paid twice, changed meanwhile, sent back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from core.models import User
from core.tenancy import scope
from crm.models import PaymentRequest
from crm.operations.applications import FeeAskedAlready
from crm.operations.fees import (
    FeeBeingPaid,
    NoFee,
    NothingToAttend,
    attend_fee_failure,
)
from crm.queries.fees import unattended_fees
from payments.models import Checkout, Payment, StripeEvent
from payments.operations.checkouts import end_without_money
from payments.operations.decisions import keep_payment, return_payment
from payments.operations.sweeps import check_checkout
from tests.crm.fee_world import POOR, Applicant, at_once, check, edit, move, standing

pytestmark = pytest.mark.django_db


# --- not paid ------------------------------------------------------------------------------------


def test_decline_is_noted_and_the_next_card_pays(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout, card=POOR)
    applicant.hear()
    [declined] = applicant.requests(application)
    shown = standing(applicant, application)

    applicant.pays(checkout)
    applicant.hear()

    assert declined.state == "pending"
    assert declined.reason.startswith("Declined: ")
    assert (shown.state, shown.reason) == ("open", declined.reason)
    [paid] = applicant.requests(application)
    assert (paid.pk, paid.state, paid.reason) == (declined.pk, "paid", "")
    assert applicant.kinds(application) == ["fee_asked", "fee_paid", "moved"]


def test_bank_debit_keeps_the_fee_from_being_paid_twice_until_it_succeeds(
    applicant: Applicant,
) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout, account="succeeds")
    applicant.hear()
    waiting = standing(applicant, application).state
    with pytest.raises(FeeBeingPaid):
        applicant.claims(application)

    applicant.sandbox.control("POST", f"checkout/sessions/{checkout.stripe_session_id}/async")
    applicant.hear()

    assert waiting == "processing"
    assert applicant.states(application) == ["paid"]
    assert applicant.reload(application).stage == "payment_received"


def test_bank_debit_that_fails_is_told_and_can_be_tried_again(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout, account="fails")
    applicant.hear()

    applicant.sandbox.control("POST", f"checkout/sessions/{checkout.stripe_session_id}/async")
    applicant.hear()

    [request] = applicant.requests(application)
    assert (request.state, request.attended_at) == ("failed", None)
    assert applicant.told(application)[-1] == ("fee_failed", request.reason)
    assert request.reason.startswith("Declined: ")
    assert applicant.reload(application).stage == "draft"
    with scope(applicant.tenant.pk):
        assert [one.pk for one in unattended_fees()] == [request.pk]
    applicant.pays(applicant.opens(application))
    applicant.hear()
    assert applicant.states(application) == ["failed", "paid"]
    with scope(applicant.tenant.pk):
        assert unattended_fees().count() == 0, "a fee that was paid needs nobody's care"


def test_expired_page_stands_on_the_worklist_until_somebody_attends(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.stripe("POST", f"checkout/sessions/{checkout.stripe_session_id}/expire")
    applicant.hear()
    applicant.hear()
    [request] = applicant.requests(application)
    told = applicant.told(application)
    with scope(applicant.tenant.pk):
        waiting = unattended_fees().count()

    for _ in range(2):
        with scope(applicant.tenant.pk):
            attend_fee_failure(request_id=request.pk, by=applicant.by, now=timezone.now())

    assert (request.state, waiting) == ("expired", 1)
    assert told[1:] == [("fee_failed", "The payment page ended before the fee was paid.")]
    assert applicant.kinds(application) == ["fee_asked", "fee_failed", "note"]
    with scope(applicant.tenant.pk):
        assert unattended_fees().count() == 0


def test_of_several_failures_the_last_stands_on_the_worklist(applicant: Applicant) -> None:
    application = applicant.applies()
    for _ in range(2):
        checkout = applicant.opens(application)
        applicant.stripe("POST", f"checkout/sessions/{checkout.stripe_session_id}/expire")
        applicant.hear()

    _, last = applicant.requests(application)
    with scope(applicant.tenant.pk):
        assert [one.pk for one in unattended_fees()] == [last.pk]
    assert applicant.kinds(application) == ["fee_asked", "fee_failed", "fee_failed"]


def test_open_or_paid_fee_is_nothing_to_attend(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    [request] = applicant.requests(application)

    with pytest.raises(NothingToAttend), scope(applicant.tenant.pk):
        attend_fee_failure(request_id=request.pk, by=applicant.by, now=timezone.now())
    applicant.pays(checkout)
    applicant.hear()
    with pytest.raises(NothingToAttend), scope(applicant.tenant.pk):
        attend_fee_failure(request_id=request.pk, by=applicant.by, now=timezone.now())
    with pytest.raises(PaymentRequest.DoesNotExist), scope(applicant.tenant.pk):
        attend_fee_failure(request_id=uuid4(), by=applicant.by, now=timezone.now())


def test_attempt_that_stripe_never_confirmed_ends_with_its_request(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.claims(application)

    check_checkout(
        tenant_id=applicant.tenant.pk,
        checkout_id=checkout.pk,
        now=timezone.now() + timedelta(minutes=21),
    )

    [request] = applicant.requests(application)
    assert (applicant.reload(checkout).state, request.state) == ("expired", "expired")
    assert request.reason.startswith("Stripe never confirmed")


# --- unexpected money ----------------------------------------------------------------------------


def given_up(applicant: Applicant, checkout: Checkout) -> None:
    """End an attempt here whose session lives on at Stripe, as after a long outage."""
    with scope(applicant.tenant.pk):
        end_without_money(checkout_id=checkout.pk, state=Checkout.State.EXPIRED, now=timezone.now())


def test_late_success_of_an_attempt_given_up_pays_the_fee(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    given_up(applicant, checkout)
    applicant.pays(checkout)

    applicant.hear()

    assert applicant.payment(checkout).standing == "expected"
    assert applicant.states(application) == ["paid"]
    assert applicant.reload(application).stage == "payment_received"
    with scope(applicant.tenant.pk):
        assert unattended_fees().count() == 0


def test_late_success_closes_the_try_that_came_after_it(applicant: Applicant) -> None:
    application = applicant.applies()
    first = applicant.opens(application)
    given_up(applicant, first)
    second = applicant.opens(application)
    applicant.pays(first)

    applicant.hear()
    check(applicant, second)

    assert applicant.states(application) == ["paid", "expired"]
    assert applicant.reload(second).state == "expired"
    assert sorted(one["status"] for one in applicant.sessions()) == ["complete", "expired"]


@pytest.mark.parametrize("decide", [keep_payment, return_payment])
def test_second_payment_waits_for_a_decision(
    applicant: Applicant, admin: User, decide: Callable[..., Payment]
) -> None:
    application = applicant.applies()
    first = applicant.opens(application)
    given_up(applicant, first)
    second = applicant.opens(application)
    applicant.pays(second)
    applicant.hear()
    applicant.pays(first)

    applicant.hear()

    surplus = applicant.payment(first)
    assert (surplus.standing, surplus.needs_decision) == ("surplus", True)
    assert applicant.payment(second).standing == "expected"
    assert applicant.states(application) == ["expired", "paid"]
    kind, said = applicant.told(application)[-1]
    assert kind == "fee_paid"
    assert said.startswith("€50.00 came though the fee had been paid already.")
    with scope(applicant.tenant.pk, user_id=admin.pk, role="admin"):
        decide(payment_id=surplus.pk, by=admin, now=timezone.now())
    assert standing(applicant, application).state == "paid"
    assert applicant.states(application) == ["expired", "paid"]


def test_payment_of_a_changed_fee_is_late_and_counts_if_it_is_kept(
    applicant: Applicant, admin: User
) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    edit(applicant, application, fee_minor=6000)
    applicant.pays(checkout)

    applicant.hear()

    late = applicant.payment(checkout)
    assert (late.standing, late.needs_decision) == ("late", True)
    assert applicant.reload(application).stage == "draft"
    assert standing(applicant, application).state == "undecided"
    with pytest.raises(FeeBeingPaid):
        applicant.claims(application)
    with pytest.raises(FeeAskedAlready):
        edit(applicant, application, fee_minor=7000)
    with scope(applicant.tenant.pk, user_id=admin.pk, role="admin"):
        keep_payment(payment_id=late.pk, by=admin, now=timezone.now())
    assert applicant.states(application) == ["paid"]
    assert applicant.reload(application).stage == "payment_received"


@pytest.mark.parametrize("is_kept", [True, False])
def test_mismatched_amount_is_never_lost(applicant: Applicant, admin: User, is_kept: bool) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    with scope(applicant.tenant.pk):
        Checkout.objects.filter(pk=checkout.pk).update(amount_minor=5100)
    applicant.pays(checkout)
    applicant.hear()
    wrong, states = applicant.payment(checkout), applicant.states(application)
    told = applicant.told(application)[-1]

    with scope(applicant.tenant.pk, user_id=admin.pk, role="admin"):
        decide = keep_payment if is_kept else return_payment
        decide(payment_id=wrong.pk, by=admin, now=timezone.now())

    assert (wrong.standing, states) == ("mismatched", ["failed"])
    assert told[0] == "fee_failed"
    assert told[1].startswith("€50.00 came where €50.00 was asked for.")
    assert applicant.states(application) == (["paid"] if is_kept else ["failed"])
    expected = "payment_received" if is_kept else "draft"
    assert applicant.reload(application).stage == expected
    if not is_kept:
        assert applicant.claims(application).pk != checkout.pk, "it can be paid again"


# --- changes while a page is open ----------------------------------------------------------------


def test_changed_fee_closes_the_open_page_and_the_next_one_asks_for_it(
    applicant: Applicant,
) -> None:
    application = applicant.applies()
    old = applicant.opens(application)

    edit(applicant, application, fee_minor=6000)
    check(applicant, old)
    new = applicant.opens(application)

    assert applicant.reload(old).state == "expired"
    assert (new.amount_minor, applicant.states(application)) == (6000, ["expired", "pending"])
    assert sorted((one["status"], one["amount_total"]) for one in applicant.sessions()) == [
        ("expired", 5000),
        ("open", 6000),
    ]


def test_withdrawn_application_closes_its_page(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)

    move(applicant, application, "withdrawn")
    check(applicant, checkout)

    assert applicant.reload(checkout).state == "expired"
    assert standing(applicant, application).state == "over"
    with pytest.raises(NoFee):
        applicant.claims(application)
    with scope(applicant.tenant.pk):
        assert unattended_fees().count() == 0


def test_fee_on_its_way_from_a_bank_is_not_changed(applicant: Applicant) -> None:
    application = applicant.applies()
    applicant.pays(applicant.opens(application), account="succeeds")
    applicant.hear()

    with pytest.raises(FeeAskedAlready):
        edit(applicant, application, fee_minor=6000)
    move(applicant, application, "withdrawn")

    assert applicant.reload(application).fee_minor == 5000
    assert applicant.states(application) == ["pending"]
    assert standing(applicant, application).state == "processing"


def test_paid_fee_is_not_changed(applicant: Applicant) -> None:
    application = applicant.applies()
    applicant.pays(applicant.opens(application))
    applicant.hear()

    with pytest.raises(FeeAskedAlready):
        edit(applicant, application, fee_minor=6000)


def test_edit_and_payment_at_once_leave_nothing_behind(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)

    def act(number: int) -> Any:
        if number % 2:
            return check(applicant, checkout).state
        return edit(applicant, application, fee_minor=6000 + number).fee_minor

    answers = at_once(act, 4)
    check(applicant, checkout)

    assert applicant.reload(checkout).state == "succeeded"
    payment, [state] = applicant.payment(checkout), applicant.states(application)
    assert (payment.standing, state) in {("expected", "paid"), ("late", "expired")}, answers


# --- afterwards ----------------------------------------------------------------------------------


def test_refund_is_told_and_moves_no_stage(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    intent = applicant.pays(checkout)["payment_intent"]["id"]
    applicant.hear()

    applicant.stripe("POST", "refunds", payment_intent=intent, amount=1000)
    applicant.hear()
    partly = standing(applicant, application)
    applicant.stripe("POST", "refunds", payment_intent=intent)
    applicant.hear()
    applicant.hear()

    assert (partly.state, partly.words) == ("paid", "Paid, €10.00 sent back")
    assert standing(applicant, application).state == "refunded"
    assert applicant.told(application)[-2:] == [
        ("fee_refunded", "€10.00 of €50.00 went back. The application stays on Payment received."),
        ("fee_refunded", "All of it went back: €50.00. The application stays on Payment received."),
    ]
    assert applicant.reload(application).stage == "payment_received"
    assert applicant.states(application) == ["paid"]


def test_dispute_is_told_once_and_moves_no_stage(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    charge = applicant.pays(checkout)["payment_intent"]["latest_charge"]
    applicant.hear()

    applicant.sandbox.control("POST", f"charges/{charge}/dispute")
    applicant.hear()
    with scope(applicant.tenant.pk):
        again = StripeEvent.objects.get(type="charge.dispute.created")
        StripeEvent.objects.filter(pk=again.pk).update(processed_at=None, attempts=0)
    applicant.act(again.stripe_event_id)

    [told] = [text for kind, text in applicant.told(application) if kind == "fee_disputed"]
    assert told.startswith("The payer disputes €50.00 at their bank (fraudulent). Answer it at")
    assert told.endswith("The application stays on Payment received.")
    assert applicant.reload(application).stage == "payment_received"


def test_dispute_that_overtakes_its_payment_brings_it_in(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    charge = applicant.pays(checkout)["payment_intent"]["latest_charge"]
    applicant.sandbox.control("POST", f"charges/{charge}/dispute")
    disputed = next(pk for pk, kind in applicant.store() if kind == "charge.dispute.created")

    applicant.act(disputed)
    applicant.hear()

    assert sorted(applicant.kinds(application)) == [
        "fee_asked",
        "fee_disputed",
        "fee_paid",
        "moved",
    ]
    assert applicant.states(application) == ["paid"]
