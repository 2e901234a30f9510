"""The application fee: asked for, paid once, never lost, and told in the timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from core.models import Entry, Tenant, User
from core.tenancy import scope
from crm.models import Application, ApplicationStage, PaymentRequest
from crm.operations.fees import (
    FeePaidAlready,
    NoFee,
    ask_for_fee,
    attend_fee_failure,
    claim_fee,
    renew_fee_address,
)
from crm.queries.fees import fee_standings, unattended_fees
from payments import kinds
from payments.gateway import Gateway, StripeUnavailable
from payments.models import Payment, StripeAccount, StripeEvent
from payments.operations.checkouts import NoStripeAccount
from payments.operations.settle import refresh_checkout, settle_checkout
from tests.crm.fee_world import Applicant, at_once, check, move, standing

pytestmark = pytest.mark.django_db


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
