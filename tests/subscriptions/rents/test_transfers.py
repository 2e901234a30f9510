"""Rents on their way to houses: sent once, held with a reason, taken back by a person alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from core.tenancy import scope
from subscriptions.models import (
    Case,
    CaseNote,
    FraudWarning,
    House,
    Lease,
    RentPayment,
    RentTransfer,
    TransferReversal,
)
from subscriptions.operations import rents, reversals
from subscriptions.operations.reversals import NotOpen
from subscriptions.operations.transfers import NotPossible, release_transfer, stop_transfer
from subscriptions.queries.holds import look_alike
from tests.subscriptions.rents.conftest import RENT, Landlord

pytestmark = pytest.mark.django_db(transaction=True)
States = RentTransfer.State


def test_paid_rent_is_sent_once(landlord: Landlord) -> None:
    rent = landlord.rent()

    landlord.refresh(rent)
    first = landlord.send(rent)
    again = landlord.send(rent)

    assert (first.state, again.stripe_transfer_id) == (States.SENT, first.stripe_transfer_id)
    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]
    assert landlord.ledger(rent) == [("expected", RENT), ("received", RENT), ("sent", -RENT)]


def test_surplus_stays(landlord: Landlord) -> None:
    rent = landlord.rent(charge=landlord.pay(RENT + 500))

    landlord.refresh(rent)
    landlord.send(rent)

    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]


def test_debit_on_its_way_is_held_until_it_came(landlord: Landlord) -> None:
    rent = landlord.rent(charge=landlord.pay(iban="DE89370400440532013000"))
    landlord.refresh(rent)
    held = landlord.transfer(rent)

    landlord.sandbox.control("POST", "clock", advance=10)
    landlord.refresh(rent)

    assert (held.state, held.hold) == (States.HELD, "pending")
    assert landlord.send(rent).state == States.SENT


def test_refund_holds(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.post("/v1/refunds", {"charge": rent.stripe_charge_id})

    landlord.refresh(rent)

    assert landlord.transfer(rent).hold == "refunded"
    assert landlord.send(rent).state == States.HELD
    assert landlord.sent(rent) == []


def test_dispute_that_nobody_told_of_is_seen_before_sending(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    ready = landlord.transfer(rent)
    landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/dispute")

    after = landlord.send(rent)

    assert (ready.state, after.state, after.hold) == (States.READY, States.HELD, "disputed")
    assert landlord.sent(rent) == []


def test_dispute_freezes_all_transfers_of_the_lease(landlord: Landlord) -> None:
    disputed = landlord.rent()
    other = landlord.rent(date(2026, 4, 1))
    landlord.sandbox.control("POST", f"charges/{disputed.stripe_charge_id}/dispute")
    landlord.refresh(disputed)

    landlord.refresh(other)

    assert landlord.transfer(other).hold == "lease_disputed"
    assert landlord.send(other).state == States.HELD


def test_sent_rent_is_taken_back_by_a_person_and_sent_again_after_a_win(
    landlord: Landlord,
) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    landlord.send(rent)
    dispute = landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/dispute")
    landlord.refresh(rent)
    untouched = landlord.sent(rent)

    landlord.take_back(rent)
    back = landlord.sent(rent)
    landlord.sandbox.control("POST", f"disputes/{dispute['id']}/end", status="won")
    landlord.refresh(rent)
    landlord.send(rent)

    assert untouched == [(landlord.house_account, RENT, 0)]
    assert back == [(landlord.house_account, RENT, RENT)]
    assert landlord.sent(rent) == [
        (landlord.house_account, RENT, 0),
        (landlord.house_account, RENT, RENT),
    ]
    assert sum(amount for kind, amount in landlord.ledger(rent) if kind != "expected") == 0


def test_reversal_is_decided_once(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    landlord.send(rent)
    landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/dispute")
    landlord.refresh(rent)
    done = landlord.take_back(rent)

    with scope(landlord.tenant.pk), pytest.raises(NotOpen):
        reversals.decide_reversal(reversal=done, approve=True, by=landlord.by, now=timezone.now())
    repeated = reversals.push_reversal(
        tenant_id=landlord.tenant.pk, reversal_id=done.pk, now=timezone.now()
    )

    assert repeated is None
    assert landlord.sent(rent) == [(landlord.house_account, RENT, RENT)]


def test_fraud_warning_holds_until_somebody_clears_it(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/early_fraud_warning")
    landlord.refresh(rent)
    held = landlord.transfer(rent).hold

    with scope(landlord.tenant.pk):
        FraudWarning.objects.update(cleared_at=timezone.now(), cleared_note="Spoke to her")
    landlord.refresh(rent)

    assert held == "fraud_warning"
    assert landlord.send(rent).state == States.SENT


def test_house_without_account_is_told(landlord: Landlord) -> None:
    with scope(landlord.tenant.pk):
        House.objects.update(stripe_account_id=None)
    rent = landlord.rent()

    landlord.refresh(rent)

    assert landlord.transfer(rent).hold == "no_account"


@pytest.mark.parametrize("code", ["account_inactive", "account_refused"])
def test_account_that_takes_no_money_is_told(landlord: Landlord, code: str) -> None:
    if code == "account_inactive":
        landlord.sandbox.control(
            "POST", f"accounts/{landlord.house_account}/capabilities", transfers="inactive"
        )
    else:
        with scope(landlord.tenant.pk):
            House.objects.update(stripe_account_id="acct_ofSomebodyElse00")
    rent = landlord.rent()
    landlord.refresh(rent)

    held = landlord.send(rent)

    assert (held.state, held.hold) == (States.HELD, code)
    assert landlord.sent(rent) == []


def test_account_that_looks_like_anothers_is_told_before_money_moves(landlord: Landlord) -> None:
    swapped = landlord.house_account.translate(str.maketrans({"0": "O", "1": "l", "O": "0"}))
    swapped = swapped if swapped != landlord.house_account else f"{swapped[:-1]}O"
    with scope(landlord.tenant.pk):
        House.objects.filter(pk=landlord.house.pk).update(
            stripe_account_id=f"{landlord.house_account}0"
        )
        House.objects.create(
            tenant=landlord.tenant,
            name="Grote Gracht 9",
            currency="EUR",
            stripe_account_id=f"{landlord.house_account}O",
        )
    rent = landlord.rent()

    landlord.refresh(rent)

    assert landlord.transfer(rent).hold == "look_alike_account"
    assert "Grote Gracht 9" in landlord.transfer(rent).hold_words


@pytest.mark.parametrize(("one", "other"), [("acct_1O", "acct_10"), ("acct_lI", "acct_1l")])
def test_ids_that_look_alike_have_one_form(one: str, other: str) -> None:
    assert look_alike(one) == look_alike(other)


def test_stop_by_hand_holds_until_it_is_taken_back(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    with scope(landlord.tenant.pk):
        stop_transfer(
            transfer=landlord.transfer(rent), reason="Ask first", by=landlord.by, now=timezone.now()
        )
    stopped = landlord.send(rent)

    with scope(landlord.tenant.pk):
        release_transfer(transfer=stopped, by=landlord.by, now=timezone.now())

    assert (stopped.hold, stopped.hold_words) == ("stopped", "Stopped by hand: Ask first")
    assert landlord.send(rent).state == States.SENT
    with scope(landlord.tenant.pk), pytest.raises(NotPossible):
        stop_transfer(
            transfer=landlord.transfer(rent), reason="Late", by=landlord.by, now=timezone.now()
        )


@pytest.mark.parametrize("fault", ["error_before", "error_after", "lost_after", "drop_before"])
def test_transfer_is_sent_once_whatever_stripe_does(landlord: Landlord, fault: str) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    landlord.sandbox.control(
        "POST", "faults", kind=fault, method="POST", path="/v1/transfers", count=4
    )
    for minute in range(8):
        rents.send_rent(
            tenant_id=landlord.tenant.pk,
            transfer_id=landlord.transfer(rent).pk,
            now=timezone.now() + timedelta(minutes=3 * minute),
        )

    assert landlord.transfer(rent).state == States.SENT
    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]


def test_lost_dispute_keeps_the_money_back_and_can_be_written_off(landlord: Landlord) -> None:
    rent = landlord.rent()
    dispute = landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/dispute")
    landlord.sandbox.control("POST", f"disputes/{dispute['id']}/end", status="lost")
    landlord.refresh(rent)
    held = landlord.transfer(rent).hold

    with scope(landlord.tenant.pk):
        written = rents.write_off(rent=rent, reason="Lost", by=landlord.by, now=timezone.now())

    assert (held, written.state) == ("dispute_lost", "written_off")
    assert sorted(landlord.ledger(rent)) == [
        ("expected", RENT),
        ("received", RENT),
        ("returned", -RENT),
        ("written_off", -RENT),
    ]


def test_case_tells_what_happened_once(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/dispute")

    landlord.refresh(rent)
    landlord.refresh(rent)

    with scope(landlord.tenant.pk):
        case = Case.objects.get()
        assert (case.rent_id, case.state) == (rent.pk, "open")
        assert [note.text for note in CaseNote.objects.all()] == [
            "Stripe says of the dispute: Needs an answer."
        ]


def test_nothing_is_taken_back_without_a_person(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    landlord.send(rent)
    landlord.sandbox.control("POST", f"charges/{rent.stripe_charge_id}/dispute")
    landlord.refresh(rent)

    with scope(landlord.tenant.pk):
        proposal = TransferReversal.objects.get()
    pushed = reversals.push_reversal(
        tenant_id=landlord.tenant.pk, reversal_id=proposal.pk, now=timezone.now()
    )

    assert (proposal.state, pushed) == ("proposed", None)
    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]


@pytest.mark.parametrize(
    ("starts", "ends", "due"),
    [
        (date(2026, 1, 31), None, [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]),
        (date(2026, 3, 15), None, [None, date(2026, 3, 15), date(2026, 4, 15)]),
        (date(2026, 1, 15), date(2026, 3, 15), [date(2026, 2, 15), None, None]),
        (date(2026, 1, 15), date(2026, 4, 10), [date(2026, 2, 15), date(2026, 3, 15), None]),
    ],
)
def test_rent_falls_due_on_the_day_on_which_its_lease_began(
    landlord: Landlord, starts: date, ends: date | None, due: list[date | None]
) -> None:
    months = [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
    with scope(landlord.tenant.pk):
        Lease.objects.update(starts_on=starts, ends_on=ends)

        for month in months:
            rents.open_rents(month=month, now=timezone.now())

        found = dict(RentPayment.objects.values_list("month", "due_on"))
    assert [found.get(month) for month in months] == due


def test_rents_of_a_month_are_opened_by_night_but_not_of_new_leases(landlord: Landlord) -> None:
    now = timezone.now()
    late = now + timedelta(days=70)

    opened = [
        rents.open_this_month(tenant_id=landlord.tenant.pk, now=moment)
        for moment in (now, late, late)
    ]

    assert opened == [0, 1, 0]
