"""The application fee: asked for, paid once, never lost, and told in the timeline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from core.models import Entry, Tenant, User
from core.tenancy import scope
from crm.models import Application, ApplicationStage, PaymentRequest
from crm.operations.applications import FeeAskedAlready, edit_application
from crm.operations.fees import (
    FeeBeingPaid,
    FeePaidAlready,
    NoFee,
    NothingToAttend,
    ask_for_fee,
    attend_fee_failure,
    claim_fee,
    renew_fee_address,
)
from crm.operations.stages import move_application
from crm.queries.fees import fee_standings, unattended_fees
from payments import kinds
from payments.gateway import Gateway, StripeUnavailable
from payments.models import Checkout, Payment, StripeAccount, StripeEvent
from payments.operations.checkouts import NoStripeAccount, end_without_money
from payments.operations.decisions import keep_payment, return_payment
from payments.operations.settle import refresh_checkout, settle_checkout
from payments.operations.sweeps import check_checkout
from tests.crm.fee_world import POOR, Applicant
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def applicant(
    tenant: Tenant, account: StripeAccount, sandbox: Sandbox, counselor: User
) -> Applicant:
    """Somebody who applies at the tenant; the counselor looks after them."""
    return Applicant(tenant, account, sandbox, counselor)


def at_once(action: Callable[[int], Any], times: int) -> list[Any]:
    """Do something in threads that start together; their answers or exceptions."""
    together = threading.Barrier(times)

    def act(number: int) -> Any:
        together.wait()
        try:
            return action(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(act, range(times)))


def edit(applicant: Applicant, application: Application, **changes: Any) -> Application:
    with scope(applicant.tenant.pk):
        return edit_application(
            application_id=application.pk, changes=changes, by=applicant.by, now=timezone.now()
        )


def move(applicant: Applicant, application: Application, stage: str) -> Application:
    with scope(applicant.tenant.pk):
        return move_application(
            application_id=application.pk,
            stage=stage,
            note="As the test says",
            by=applicant.by,
            now=timezone.now(),
        )


def standing(applicant: Applicant, application: Application) -> Any:
    with scope(applicant.tenant.pk):
        return fee_standings([applicant.reload(application)])[0]


def check(applicant: Applicant, checkout: Checkout) -> Checkout:
    return check_checkout(
        tenant_id=applicant.tenant.pk, checkout_id=checkout.pk, now=timezone.now()
    )


# --- asking --------------------------------------------------------------------------------------


def test_ask_for_fee_gives_an_address_once(applicant: Applicant) -> None:
    application = applicant.applies(is_asked=False)

    with scope(applicant.tenant.pk):
        first = ask_for_fee(application_id=application.pk, by=applicant.by, now=timezone.now())
    with scope(applicant.tenant.pk):
        again = ask_for_fee(application_id=application.pk, by=applicant.by, now=timezone.now())

    assert (first.fee_token != "", again.fee_token) == (True, first.fee_token)
    assert first.fee_url.endswith(f"/apply/fee/{first.fee_token}/")
    entry = Entry.find(Entry.Kind.APPLICATION_FEE, first.fee_token)
    assert entry is not None
    assert (entry.tenant_id, entry.target_id) == (applicant.tenant.pk, application.pk)
    assert applicant.told(application) == [("fee_asked", "€50.00")]


def test_two_who_ask_at_once_make_one_address(applicant: Applicant) -> None:
    application = applicant.applies(is_asked=False)

    def ask(number: int) -> str:
        with scope(applicant.tenant.pk):
            asked = ask_for_fee(application_id=application.pk, by=applicant.by, now=timezone.now())
            return asked.fee_token

    tokens = at_once(ask, 4)

    assert len(set(tokens)) == 1
    assert applicant.kinds(application) == ["fee_asked"]


def test_fee_that_is_not_there_is_not_asked_for(applicant: Applicant) -> None:
    free = applicant.applies(is_asked=False, fee_minor=None, currency="")
    over = applicant.applies(is_asked=False)
    move(applicant, over, "withdrawn")

    for application in (free, over):
        with pytest.raises(NoFee), scope(applicant.tenant.pk):
            ask_for_fee(application_id=application.pk, by=applicant.by, now=timezone.now())

    assert [applicant.reload(one).fee_url for one in (free, over)] == ["", ""]


def test_fee_of_another_company_is_not_there(
    applicant: Applicant, other_tenant: Tenant, other_admin: User
) -> None:
    application = applicant.applies()

    for act in (ask_for_fee, renew_fee_address):
        with (
            pytest.raises(Application.DoesNotExist),
            scope(other_tenant.pk, user_id=other_admin.pk, role="admin"),
        ):
            act(application_id=application.pk, by=applicant.by, now=timezone.now())
    with pytest.raises(Application.DoesNotExist), scope(other_tenant.pk):
        claim_fee(application_id=application.pk, now=timezone.now())


def test_counselor_without_sight_of_the_lead_finds_no_fee(applicant: Applicant) -> None:
    application = applicant.applies()
    applicant.claims(application)
    [request] = applicant.requests(application)
    stranger = User.objects.create_user(
        "sam@amber.example", "correct horse", tenant=applicant.tenant, role="counselor"
    )

    def as_stranger() -> Any:
        return scope(applicant.tenant.pk, user_id=stranger.pk, role="counselor")

    for act in (ask_for_fee, renew_fee_address):
        with pytest.raises(Application.DoesNotExist), as_stranger():
            act(application_id=application.pk, by=applicant.by, now=timezone.now())
    with pytest.raises(PaymentRequest.DoesNotExist), as_stranger():
        attend_fee_failure(request_id=request.pk, by=applicant.by, now=timezone.now())
    with as_stranger():
        assert PaymentRequest.objects.count() == 0


def test_public_role_sees_no_request(applicant: Applicant) -> None:
    application = applicant.applies()
    applicant.claims(application)

    with scope(applicant.tenant.pk, role="public"):
        assert (PaymentRequest.objects.count(), Application.objects.count()) == (0, 0)


def test_renewed_address_replaces_the_old_one_and_closes_its_page(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)

    with scope(applicant.tenant.pk):
        renew_fee_address(application_id=application.pk, by=applicant.by, now=timezone.now())
    check(applicant, checkout)

    renewed = applicant.reload(application)
    assert renewed.fee_token != application.fee_token
    assert Entry.find(Entry.Kind.APPLICATION_FEE, application.fee_token) is None
    assert Entry.find(Entry.Kind.APPLICATION_FEE, renewed.fee_token) is not None
    assert applicant.reload(checkout).state == "expired"
    assert [one["status"] for one in applicant.sessions()] == ["expired"]
    assert applicant.states(application) == ["expired"]
    assert standing(applicant, application).state == "asked"
    with scope(applicant.tenant.pk):
        assert unattended_fees().count() == 0, "what staff ended is no failure"
    assert applicant.opens(application).success_url.count(renewed.fee_token) == 1


def test_address_that_was_never_given_is_not_renewed(applicant: Applicant) -> None:
    application = applicant.applies(is_asked=False)

    with pytest.raises(NoFee), scope(applicant.tenant.pk):
        renew_fee_address(application_id=application.pk, by=applicant.by, now=timezone.now())


# --- claiming ------------------------------------------------------------------------------------


def test_claim_writes_the_request_first_and_tells_stripe_its_id(applicant: Applicant) -> None:
    application = applicant.applies()

    checkout = applicant.opens(application)

    [request] = applicant.requests(application)
    assert (request.state, request.amount_minor, request.currency) == ("pending", 5000, "EUR")
    assert (request.checkout_id, request.lead_id) == (checkout.pk, application.lead_id)
    [session] = applicant.sessions()
    assert session["metadata"]["payment_request_id"] == str(request.pk)
    assert session["metadata"]["application_id"] == str(application.pk)
    assert session["metadata"]["taproom_checkout"] == str(checkout.pk)
    asked = [
        call["idempotency_key"]
        for call in applicant.sandbox.control("GET", "requests")["requests"]
        if (call["method"], call["path"]) == ("POST", "/v1/checkout/sessions")
    ]
    assert asked == [checkout.idempotency_key]


def test_eight_clicks_at_once_use_one_request_and_one_session(applicant: Applicant) -> None:
    application = applicant.applies()

    answers = at_once(lambda number: applicant.opens(application).stripe_session_id, 8)

    assert [one["id"] for one in applicant.sessions()] == list(set(answers))
    assert applicant.states(application) == ["pending"]


def test_second_pending_request_is_refused_by_the_database(applicant: Applicant) -> None:
    application = applicant.applies()
    applicant.claims(application)

    with (
        pytest.raises(IntegrityError, match="fee_asked_once_at_a_time"),
        scope(applicant.tenant.pk),
    ):
        PaymentRequest.objects.create(
            tenant=applicant.tenant, application=application, amount_minor=1, currency="EUR"
        )


@pytest.mark.parametrize("kind", ["error_before", "lost_after", "error_after", "garbage"])
def test_claim_is_kept_while_stripe_is_down_and_goes_on_after(
    applicant: Applicant, kind: str
) -> None:
    application = applicant.applies()
    applicant.sandbox.control("POST", "faults", kind=kind, path="/v1/checkout/*")
    with pytest.raises(StripeUnavailable):
        applicant.opens(application)

    applicant.sandbox.control("DELETE", "faults")
    checkout = applicant.opens(application)

    [request] = applicant.requests(application)
    assert (request.state, request.checkout_id) == ("pending", checkout.pk)
    assert [one["id"] for one in applicant.sessions()] == [checkout.stripe_session_id]


def test_claim_needs_a_fee_that_was_asked_for_and_an_account(
    applicant: Applicant, tenant: Tenant
) -> None:
    silent = applicant.applies(is_asked=False)
    asked = applicant.applies()
    with scope(tenant.pk):
        StripeAccount.objects.all().delete()

    with pytest.raises(NoFee):
        applicant.claims(silent)
    with pytest.raises(NoStripeAccount):
        applicant.claims(asked)

    assert applicant.requests(asked) == [], "nothing is kept of a try that could not begin"


def test_page_that_ran_out_is_replaced_by_a_new_request(applicant: Applicant) -> None:
    application = applicant.applies()
    first = applicant.opens(application)

    second = applicant.claims(application, now=timezone.now() + timedelta(hours=25))

    assert second.pk != first.pk
    assert applicant.states(application) == ["expired", "pending"]


def test_session_is_open_for_ten_minutes_less_than_a_day(applicant: Applicant) -> None:
    now = timezone.now()

    checkout = applicant.claims(applicant.applies(), now=now)

    assert checkout.session_expires_at - now == timedelta(hours=23, minutes=50)


# --- paid ----------------------------------------------------------------------------------------


def test_paid_fee_moves_the_application_once(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)

    applicant.hear()
    applicant.hear()

    payment, [request] = applicant.payment(checkout), applicant.requests(application)
    assert (request.state, request.reason) == ("paid", "")
    assert request.stripe_session_id == checkout.stripe_session_id
    assert request.stripe_payment_intent_id == payment.stripe_payment_intent_id
    assert (request.amount_minor, request.currency) == (5000, "EUR")
    assert (request.method, request.paid_at) == ("card", payment.paid_at)
    moved = applicant.reload(application)
    assert moved.stage == "payment_received"
    assert applicant.told(application) == [
        ("fee_asked", "€50.00"),
        ("fee_paid", "€50.00 by Card · Visa ···· 4242."),
        ("moved", "The application fee was paid."),
    ]
    assert standing(applicant, application).state == "paid"


def test_events_in_any_order_by_four_workers_pay_once(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)
    events = applicant.store()[::-1]

    def work(number: int) -> list[bool]:
        return [applicant.act(event_id) for event_id, _ in events]

    at_once(work, 4)
    with scope(applicant.tenant.pk):
        StripeEvent.objects.filter(processed_at=None).update(next_at=timezone.now())
    applicant.hear()

    assert applicant.states(application) == ["paid"]
    assert applicant.kinds(application) == ["fee_asked", "fee_paid", "moved"]
    with scope(applicant.tenant.pk):
        assert Payment.objects.count() == 1
        assert not StripeEvent.objects.filter(processed_at=None).exists()


@pytest.mark.parametrize("stage", ["in_review", "accepted", "withdrawn"])
def test_application_that_went_further_stays_where_it_is(applicant: Applicant, stage: str) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)
    with scope(applicant.tenant.pk):
        # Behind the operations' back, so that the open page is not closed.
        Application.objects.filter(pk=application.pk).update(stage=stage)
        name = ApplicationStage.objects.get(key=stage).name

    applicant.hear()

    assert applicant.reload(application).stage == stage
    assert applicant.states(application) == ["paid"]
    assert applicant.told(application)[-1] == (
        "fee_paid",
        f"€50.00 by Card · Visa ···· 4242. The application stays on {name}.",
    )


def test_company_without_the_stage_keeps_the_application_and_says_so(applicant: Applicant) -> None:
    application = applicant.applies()
    with scope(applicant.tenant.pk):
        ApplicationStage.objects.filter(key=ApplicationStage.FEE_PAID).delete()
    checkout = applicant.opens(application)
    applicant.pays(checkout)

    applicant.hear()

    assert applicant.reload(application).stage == "draft"
    assert applicant.kinds(application) == ["fee_asked", "fee_paid"]
    assert applicant.told(application)[-1][1].endswith("The application stays on Draft.")


def test_paid_fee_is_not_claimed_again(applicant: Applicant) -> None:
    application = applicant.applies()
    applicant.pays(applicant.opens(application))
    applicant.hear()

    with pytest.raises(FeePaidAlready):
        applicant.claims(application)

    assert applicant.states(application) == ["paid"]


def test_exception_after_the_record_keeps_neither_payment_nor_request(
    applicant: Applicant,
) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)
    known = kinds.named("application_fee")

    def fail_late(payment: Payment, now: Any) -> None:
        known.on_paid(payment, now)
        raise RuntimeError("killed in the middle")

    kinds.register(kinds.Kind(name=known.name, on_paid=fail_late, standing_of=known.standing_of))
    try:
        with pytest.raises(RuntimeError):
            check(applicant, checkout)
    finally:
        kinds.register(known)
    kept = (applicant.reload(checkout).state, applicant.states(application))
    with scope(applicant.tenant.pk):
        payments = Payment.objects.count()

    check(applicant, checkout)

    assert (kept, payments) == (("open", ["pending"]), 0)
    assert applicant.reload(checkout).state == "succeeded"
    assert applicant.states(application) == ["paid"]
    assert applicant.kinds(application) == ["fee_asked", "fee_paid", "moved"]


def test_worker_killed_before_its_commit_leaves_all_to_the_sweep(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)
    applicant.pays(checkout)
    completed = next(pk for pk, kind in applicant.store() if kind == "checkout.session.completed")

    facts = Gateway(applicant.account).read_session(checkout.stripe_session_id or "")

    with pytest.raises(KeyboardInterrupt), scope(applicant.tenant.pk):
        settle_checkout(facts=facts, now=timezone.now())
        raise KeyboardInterrupt  # the process ends before the transaction that records does
    before = applicant.states(application)
    check(applicant, checkout)
    applicant.act(completed)

    assert before == ["pending"]
    assert applicant.states(application) == ["paid"]
    assert applicant.kinds(application) == ["fee_asked", "fee_paid", "moved"]


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


# --- looking -------------------------------------------------------------------------------------


def test_standings_cost_the_same_queries_for_one_and_for_thirty(
    applicant: Applicant, django_assert_num_queries: Any
) -> None:
    applications = [applicant.applies() for _ in range(30)]
    for application in applications:
        applicant.claims(application)
    with scope(applicant.tenant.pk):
        rows = list(Application.objects.select_related("lead"))

        for some in (rows[:1], rows):
            with django_assert_num_queries(4):
                found = fee_standings(some)

    assert [one.application.pk for one in found] == [one.pk for one in rows]
    assert {one.state.value for one in found} == {"open"}


def test_redirect_alone_settles_nothing(applicant: Applicant) -> None:
    application = applicant.applies()
    checkout = applicant.opens(application)

    refresh_checkout(
        tenant_id=applicant.tenant.pk,
        session_id=checkout.stripe_session_id or "",
        now=timezone.now(),
    )

    assert applicant.states(application) == ["pending"]
