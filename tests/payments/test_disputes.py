"""Disputes and early fraud warnings: kept as Stripe says, answered once, acted on in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from payments import queries_safety
from payments.evidence import evidence_of
from payments.models import CardTry, Dispute, DisputeAnswer, EarlyWarning, Payment, PaymentLink
from payments.operations.choices import Choice
from payments.operations.dispute_answers import (
    AnswerNotPossible,
    accept_dispute,
    push_answer,
    submit_evidence,
    sweep_answers,
)
from payments.operations.early_warnings import WarningDecided, keep_warned, refund_warned
from payments.operations.links import edit_link
from payments.operations.refunds import RefundTooLarge
from payments.operations.starting import start_checkout
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
DISPUTED = "4000000000000259"


def paid(customer: Customer, new_link: NewLink, now: datetime, **how: str) -> Payment:
    checkout = customer.open(new_link(description="A keg of amber ale"))
    customer.pay(checkout, **how)
    customer.hear(now - timedelta(minutes=5))
    payment: Payment = customer.payment(checkout)
    return payment


@pytest.fixture
def dispute(customer: Customer, new_link: NewLink, now: datetime) -> Dispute:
    paid(customer, new_link, now, card=DISPUTED, name="Eva Smit")
    with scope(customer.tenant.pk):
        return Dispute.objects.select_related("payment").get()


@pytest.fixture
def warning(customer: Customer, new_link: NewLink, now: datetime) -> EarlyWarning:
    payment = paid(customer, new_link, now)
    path = f"charges/{payment.stripe_charge_id}/early_fraud_warning"
    customer.sandbox.control("POST", path, fraud_type="card_never_received")
    customer.hear(now - timedelta(minutes=5))
    with scope(customer.tenant.pk):
        return EarlyWarning.objects.select_related("payment").get()


def submit(dispute: Dispute, words: str = "They drank it.") -> DisputeAnswer:
    with scope(dispute.tenant_id):
        return submit_evidence(
            dispute_id=dispute.pk, explanation=words, by=None, now=timezone.now()
        )


def push(answer: DisputeAnswer, now: datetime | None = None) -> bool:
    moment = now or timezone.now()
    return push_answer(tenant_id=answer.tenant_id, answer_id=answer.pk, now=moment)


def at_stripe(customer: Customer, dispute: Dispute) -> dict[str, object]:
    key = customer.account.secret_key
    found: dict[str, object] = customer.sandbox.stripe(
        "GET", f"disputes/{dispute.stripe_dispute_id}", key=key
    )
    return found


def test_dispute_is_kept_with_the_day_by_which_to_answer(dispute: Dispute) -> None:
    assert dispute.status == "needs_response"
    assert dispute.amount_minor == dispute.payment.amount_minor == 12500
    assert dispute.fee_minor == 1500
    assert dispute.answer_by is not None


def test_evidence_tells_what_the_page_said_then_and_what_was_chosen(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    question = {"key": "room", "label": "Room", "type": "text", "options": [], "is_required": True}
    link = new_link(
        amount_minor=None,
        pricing="items",
        items=[
            {"name": "Keg", "unit_amount_minor": 500, "quantity": 1, "min_quantity": 1,
             "max_quantity": 9}
        ],
        custom_fields=[question],
        terms_text="No returns.",
        max_payments=None,
    )  # fmt: skip
    checkout = start_checkout(
        tenant_id=customer.tenant.pk,
        link_id=link.pk,
        visitor_hash="a" * 64,
        choice=Choice(quantities={0: "3"}, answers={"room": "B 12"}, has_agreed=True),
        now=timezone.now(),
    )
    customer.pay(checkout)
    customer.hear(now)
    with scope(customer.tenant.pk):
        edit_link(
            link_id=link.pk, changes={"title": "Later"}, version=None, by=None, now=timezone.now()
        )
        text = evidence_of(customer.payment(checkout))["uncategorized_text"]

    lines = text.splitlines()
    start = lines.index("WHAT THE PAYER CHOSE, ANSWERED AND TICKED")
    assert lines[start + 1 : start + 3] == ["3 x Keg", "Room: B 12"]
    assert lines[start + 3].startswith("Agreed to version 1 at ")
    assert lines[start + 3].endswith(": No returns.")
    assert any(line.startswith("Version 1 of the page, made ") for line in lines)
    assert "for: Deposit" in text


def test_evidence_goes_to_stripe_once_with_what_is_known(
    customer: Customer, dispute: Dispute
) -> None:
    answer, again = submit(dispute), submit(dispute)

    assert push(answer)
    assert not push(answer)
    found = at_stripe(customer, dispute)
    evidence = found["evidence"]
    assert isinstance(evidence, dict)
    assert answer.pk == again.pk
    assert found["evidence_details"]["submission_count"] == 1  # type: ignore[index]
    assert evidence["customer_name"] == "Eva Smit"
    assert evidence["product_description"] == "Deposit. A keg of amber ale"
    text = evidence["uncategorized_text"]
    assert text.startswith("OUR EXPLANATION\nThey drank it.")
    for title in ("RECEIPT", "WHAT THE PAYER AGREED TO", "WHAT HAPPENED"):
        assert title in text
    assert "paid" in evidence["access_activity_log"]
    assert customer.reload(answer).state == "done"
    assert customer.reload(dispute).submissions == 1


def test_evidence_whose_answer_was_lost_is_not_submitted_twice(
    customer: Customer, dispute: Dispute
) -> None:
    answer = submit(dispute)
    path = f"/v1/disputes/{dispute.stripe_dispute_id}"
    customer.sandbox.control("POST", "faults", kind="lost_after", path=path, method="POST")
    first = push(answer)
    customer.sandbox.control("DELETE", "faults")
    with scope(dispute.tenant_id):
        DisputeAnswer.objects.update(next_at=timezone.now())
    sent = sweep_answers(tenant_id=dispute.tenant_id, now=timezone.now())

    second = push(answer)

    assert (first, sent, second) == (False, 1, True)
    found = at_stripe(customer, dispute)
    assert found["evidence_details"]["submission_count"] == 1  # type: ignore[index]


def test_accepted_dispute_is_lost_and_takes_no_evidence(
    customer: Customer, dispute: Dispute
) -> None:
    with scope(dispute.tenant_id):
        answer = accept_dispute(dispute_id=dispute.pk, by=None, now=timezone.now())

    assert push(answer)
    assert customer.reload(dispute).status == "lost"
    with pytest.raises(AnswerNotPossible):
        submit(dispute)


def test_disputes_due_soon_stand_apart(dispute: Dispute, now: datetime) -> None:
    assert dispute.answer_by is not None
    with scope(dispute.tenant_id):
        before = list(queries_safety.disputes_due(dispute.answer_by - timedelta(days=4)))
        soon = list(queries_safety.disputes_due(dispute.answer_by - timedelta(days=3)))
    submit(dispute)

    assert (before, soon) == ([], [dispute])
    with scope(dispute.tenant_id):
        assert list(queries_safety.disputes_to_answer()) == []


def test_warning_is_acted_on_before_the_dispute(warning: EarlyWarning, admin: User) -> None:
    assert warning.fraud_type == "card_never_received"
    with scope(warning.tenant_id):
        assert list(queries_safety.warnings_to_decide()) == [warning]
        refund_warned(warning_id=warning.pk, by=admin, now=timezone.now())

        assert list(queries_safety.warnings_to_decide()) == []
        assert [one.amount_minor for one in warning.payment.refunds.all()] == [12500]
        with pytest.raises(WarningDecided):
            keep_warned(warning_id=warning.pk, by=admin, now=timezone.now())


def test_warning_of_money_that_is_going_back_stays_undecided(warning: EarlyWarning) -> None:
    from payments.operations.refunds import request_refund

    with scope(warning.tenant_id):
        request_refund(
            payment_id=warning.payment_id, amount_minor=None, reason="", by=None,
            now=timezone.now(),
        )  # fmt: skip
        with pytest.raises(RefundTooLarge):
            refund_warned(warning_id=warning.pk, by=None, now=timezone.now())
        assert EarlyWarning.objects.get(pk=warning.pk).decision == ""


def test_payment_shows_radars_outcome(customer: Customer, new_link: NewLink, now: datetime) -> None:
    payment = paid(customer, new_link, now)

    with scope(customer.tenant.pk):
        [one] = CardTry.objects.filter(checkout=payment.checkout_id)
    assert (one.is_paid, one.risk_level, one.outcome_type) == (True, "normal", "authorized")
    assert one.stripe_charge_id == payment.stripe_charge_id
    assert one.card


def test_disputes_of_another_company_stay_hidden(
    dispute: Dispute, warning: EarlyWarning, other_tenant: Tenant
) -> None:
    submit(dispute)

    with scope(other_tenant.pk):
        for model in (Dispute, DisputeAnswer, EarlyWarning, CardTry):
            assert model.objects.count() == 0
