"""Disputes: answered once, accepted, refunded while they are inquiries; deadlines told in time."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.tenancy import scope
from subscriptions.models import Case, CaseNote, DisputeAct, House, RentDispute, RentPayment
from subscriptions.operations import (
    case_steps,
    dispute_acts,
    objections,
    rent_money,
    rents,
    transfers,
)
from subscriptions.queries.case_actions import next_actions
from subscriptions.queries.rent_case import rent_case
from tests.subscriptions.rents.conftest import RENT, Landlord

pytestmark = pytest.mark.django_db(transaction=True)


def disputed(landlord: Landlord, **control: Any) -> tuple[RentPayment, dict[str, Any]]:
    """A rent whose payment is disputed, and Stripe's dispute."""
    rent = landlord.rent()
    path = f"charges/{rent.stripe_charge_id}/dispute"
    dispute = landlord.sandbox.control("POST", path, **control)
    landlord.refresh(rent)
    return rent, dispute


def take(landlord: Landlord, rent: RentPayment, code: str, text: str = "") -> None:
    with scope(landlord.tenant.pk):
        case_steps.take_step(
            rent_id=rent.pk, code=code, text=text, by=landlord.by, now=timezone.now()
        )


def push(landlord: Landlord, **later: int) -> DisputeAct:
    with scope(landlord.tenant.pk):
        act = DisputeAct.objects.latest("asked_at")
    now = timezone.now() + timedelta(**later)
    dispute_acts.push_act(tenant_id=landlord.tenant.pk, act_id=act.pk, now=now)
    with scope(landlord.tenant.pk):
        return DisputeAct.objects.get(pk=act.pk)


def at_stripe(landlord: Landlord, dispute: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = landlord.get(f"/v1/disputes/{dispute['id']}")
    return found


def allowed(landlord: Landlord, rent: RentPayment) -> dict[str, bool]:
    with scope(landlord.tenant.pk):
        actions = next_actions(rent_case(rent.pk), timezone.now())
        return {action.code: action.is_allowed for action in actions}


def test_evidence_is_submitted_once_with_lease_and_receipts(landlord: Landlord) -> None:
    rent, dispute = disputed(landlord)

    take(landlord, rent, "submit")
    take_again = pytest.raises(case_steps.StepNotPossible)
    with take_again:
        take(landlord, rent, "submit")
    act = push(landlord)

    found = at_stripe(landlord, dispute)
    assert act.state == DisputeAct.State.DONE
    assert (found["status"], found["evidence_details"]["submission_count"]) == ("under_review", 1)
    assert found["evidence"]["customer_name"] == "Zoé Vidal"
    assert found["evidence"]["service_date"] == "March 2026"
    assert rent.stripe_charge_id in found["evidence"]["uncategorized_text"]
    assert allowed(landlord, rent)["submit"] is False


@pytest.mark.parametrize("fault", ["error_before", "error_after", "lost_after", "drop_before"])
def test_evidence_is_submitted_whatever_stripe_does(landlord: Landlord, fault: str) -> None:
    rent, dispute = disputed(landlord)
    take(landlord, rent, "submit")
    path = f"/v1/disputes/{dispute['id']}"
    landlord.sandbox.control("POST", "faults", kind=fault, method="POST", path=path, count=4)

    for minutes in (0, 5, 10, 15, 20):
        act = push(landlord, minutes=minutes)

    assert act.state == DisputeAct.State.DONE
    assert at_stripe(landlord, dispute)["evidence_details"]["submission_count"] == 1


def test_act_killed_between_call_and_record_is_found_done(landlord: Landlord) -> None:
    rent, dispute = disputed(landlord)
    take(landlord, rent, "accept")
    landlord.post(f"/v1/disputes/{dispute['id']}/close")

    act = push(landlord)

    assert act.state == DisputeAct.State.DONE
    with scope(landlord.tenant.pk):
        assert RentDispute.objects.get().status == "lost"


def test_accepted_dispute_is_lost_and_can_be_written_off(landlord: Landlord) -> None:
    rent, dispute = disputed(landlord)

    take(landlord, rent, "accept")
    push(landlord)
    take(landlord, rent, "write_off", "The card was stolen")

    assert at_stripe(landlord, dispute)["status"] == "lost"
    with scope(landlord.tenant.pk):
        assert RentPayment.objects.get().state == RentPayment.State.WRITTEN_OFF
    assert landlord.transfer(rent).hold == "dispute_lost"


def test_inquiry_is_refunded_once(landlord: Landlord) -> None:
    rent, _ = disputed(landlord, inquiry=True)
    before = allowed(landlord, rent)

    take(landlord, rent, "refund")
    push(landlord)

    assert (before["refund"], "accept" in before) == (True, False)
    charge = landlord.get(f"/v1/charges/{rent.stripe_charge_id}")
    assert charge["amount_refunded"] == RENT
    with scope(landlord.tenant.pk):
        assert RentPayment.objects.get().state == RentPayment.State.REFUNDED
    assert allowed(landlord, rent)["refund"] is False


def test_dispute_cannot_be_refunded(landlord: Landlord) -> None:
    rent, _ = disputed(landlord)

    with scope(landlord.tenant.pk), pytest.raises(dispute_acts.ActNotPossible):
        dispute_acts.refund_inquiry(
            dispute=RentDispute.objects.get(), by=landlord.by, now=timezone.now()
        )
    with pytest.raises(case_steps.StepNotPossible):
        take(landlord, rent, "refund")


def test_parallel_presses_ask_once(landlord: Landlord) -> None:
    rent, dispute = disputed(landlord)

    def press() -> None:
        try:
            take(landlord, rent, "accept")
        except case_steps.StepNotPossible:
            pass
        finally:
            connection.close()

    threads = [Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with scope(landlord.tenant.pk):
        assert DisputeAct.objects.count() == 1
    assert at_stripe(landlord, dispute)["status"] == "needs_response"


@pytest.mark.parametrize("order", list(permutations(["dispute", "charge", "warning"])))
def test_events_in_any_order_end_alike(landlord: Landlord, order: tuple[str, ...]) -> None:
    rent = landlord.rent()
    charge, tenant = rent.stripe_charge_id, landlord.tenant.pk
    warning = landlord.sandbox.control("POST", f"charges/{charge}/early_fraud_warning")
    dispute = landlord.sandbox.control("POST", f"charges/{charge}/dispute")
    now = timezone.now()
    tell = {
        "dispute": lambda: rent_money.refresh_dispute(
            tenant_id=tenant, dispute_id=dispute["id"], now=now
        ),
        "charge": lambda: rent_money.refresh_charge(tenant_id=tenant, charge_id=charge, now=now),
        "warning": lambda: rent_money.refresh_warning(
            tenant_id=tenant, warning_id=warning["id"], now=now
        ),
    }

    for name in order:
        tell[name]()

    with scope(tenant):
        found = RentPayment.objects.get()
        assert (found.state, found.is_disputed) == (RentPayment.State.PAID, True)
        assert (found.disputes.count(), found.warnings.count()) == (1, 1)
        assert Case.objects.count() == 1
    assert landlord.transfer(rent).hold == "disputed"
    assert sorted(landlord.ledger(rent)) == [
        ("expected", RENT),
        ("received", RENT),
        ("returned", -RENT),
    ]


def test_dispute_before_its_payment_is_kept_and_joined(landlord: Landlord) -> None:
    charge = landlord.pay()
    dispute = landlord.sandbox.control("POST", f"charges/{charge}/dispute")
    rent_money.refresh_dispute(
        tenant_id=landlord.tenant.pk, dispute_id=dispute["id"], now=timezone.now()
    )
    with scope(landlord.tenant.pk):
        alone = RentDispute.objects.get()

    rent = landlord.rent(charge=charge)
    landlord.refresh(rent)

    assert (alone.rent_id, alone.stripe_dispute_id) == (None, dispute["id"])
    with scope(landlord.tenant.pk):
        assert RentDispute.objects.get().rent_id == rent.pk
    assert landlord.transfer(rent).hold == "disputed"


def test_deadline_is_told_seven_three_and_one_day_before_once_each(landlord: Landlord) -> None:
    rent, _ = disputed(landlord)
    with scope(landlord.tenant.pk):
        until = RentDispute.objects.get().answer_by
    told = [
        objections.remind_of_deadlines(
            tenant_id=landlord.tenant.pk, now=until - timedelta(days=days, hours=hours)
        )
        for days, hours in [(8, 0), (6, 23), (6, 22), (2, 23), (2, 1), (0, 23), (0, 2), (-1, 0)]
    ]

    assert told == [0, 1, 0, 1, 0, 1, 0, 0]
    with scope(landlord.tenant.pk):
        notes = CaseNote.objects.filter(case__rent=rent, once__startswith="deadline")
        assert [note.text.split(": ")[1].split(" left")[0] for note in notes] == [
            "less than 7 days",
            "less than 3 days",
            "less than 1 day",
        ]


def test_cleared_warning_lets_the_money_go(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/early_fraud_warning")
    landlord.refresh(rent)

    take(landlord, rent, "clear_warning", "Spoke to her")

    assert landlord.send(rent).state == "sent"


def test_surplus_is_told(landlord: Landlord) -> None:
    rent = landlord.rent(charge=landlord.pay(RENT + 500))

    landlord.refresh(rent)
    landlord.refresh(rent)

    with scope(landlord.tenant.pk):
        assert [note.text for note in CaseNote.objects.all()] == [
            "€5.00 more came than is due. Only what is due goes to the house; the rest stays."
        ]


def test_account_changed_under_way_is_told_and_money_goes_to_the_frozen_one(
    landlord: Landlord,
) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    landlord.sandbox.control(
        "POST", "faults", kind="lost_after", method="POST", path="/v1/transfers", count=4
    )
    landlord.send(rent)
    another = landlord.post("/v1/accounts", {"country": "DE"})["id"]
    with scope(landlord.tenant.pk):
        House.objects.update(stripe_account_id=another)

    for minutes in (5, 10, 15):
        rents.send_rent(
            tenant_id=landlord.tenant.pk,
            transfer_id=landlord.transfer(rent).pk,
            now=timezone.now() + timedelta(minutes=minutes),
        )

    assert landlord.transfer(rent).destination == landlord.house_account
    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]
    with scope(landlord.tenant.pk):
        [note] = CaseNote.objects.all()
    assert note.text.startswith(f"The house has the account {another} now")


def test_foreign_acts_stay_hidden(landlord: Landlord, other_tenant: Any) -> None:
    rent, _ = disputed(landlord)
    take(landlord, rent, "accept")

    with scope(other_tenant.pk):
        assert DisputeAct.objects.count() == 0


def test_stopped_transfer_is_released(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)

    take(landlord, rent, "stop", "Ask first")
    held = landlord.transfer(rent)
    take(landlord, rent, "release")

    assert (held.state, held.hold) == ("held", "stopped")
    assert landlord.transfer(rent).state == transfers.States.READY
