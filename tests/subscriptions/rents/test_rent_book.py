"""The daily ledger compares rents, their refunds, disputes, transfers and reversals to the cent."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from core.models import Letter
from core.tenancy import scope
from payments.operations.daily_ledger import reconcile_balance
from subscriptions.models import RentPosting, RentTransfer
from tests.subscriptions.rents.conftest import RENT


def ledger_of(landlord):
    today = timezone.now().astimezone(landlord.tenant.zone).date()
    return reconcile_balance(
        tenant_id=landlord.tenant.pk,
        first_day=today - timedelta(days=1),
        last_day=today,
        now=timezone.now() + timedelta(minutes=1),
    )


def sums(ledger):
    return {
        line.category: (line.stripe_minor, line.ours_minor)
        for line in ledger.lines
        if line.ours_minor is not None
    }


def take_part_back(landlord, charge, amount):
    landlord.post("/v1/refunds", {"charge": charge, "amount": amount})


def test_rent_sent_to_its_house_and_taken_back_matches_to_the_cent(landlord):
    rent = landlord.refresh(landlord.rent())
    landlord.send(rent)
    landlord.post("/v1/refunds", {"charge": rent.stripe_charge_id})
    landlord.refresh(rent)
    landlord.take_back(rent)

    ledger = ledger_of(landlord)

    assert (ledger.differences, ledger.left_out, ledger.learned) == ([], [], 0)
    assert sums(ledger) == {
        "Payments": (RENT, RENT),
        "Refunds": (-RENT, -RENT),
        "Transfers": (0, 0),
    }


def test_rent_refunded_in_part_and_disputed_one_match(landlord):
    first = landlord.refresh(landlord.rent(date(2026, 3, 1)))
    take_part_back(landlord, first.stripe_charge_id, 10000)
    take_part_back(landlord, first.stripe_charge_id, 2500)
    second = landlord.refresh(landlord.rent(date(2026, 4, 1)))
    landlord.sandbox.control("POST", f"charges/{second.stripe_charge_id}/dispute")
    landlord.refresh(first)
    landlord.refresh(second)

    ledger = ledger_of(landlord)

    assert ledger.differences == []
    assert sums(ledger) == {
        "Payments": (2 * RENT, 2 * RENT),
        "Refunds": (-12500, -12500),
        "Disputes": (-RENT, -RENT),
    }


def test_charge_known_by_its_id_alone_is_asked_for(landlord):
    rent = landlord.rent()

    first, second = ledger_of(landlord), ledger_of(landlord)

    assert (first.differences, first.learned) == ([], 1)
    assert (second.differences, second.learned) == ([], 0)
    with scope(landlord.tenant.pk):
        kept = RentPosting.objects.get(rent=rent)
    assert (kept.stripe_id, kept.moved_minor) == (rent.stripe_charge_id, RENT)


def test_wrong_amount_of_a_transfer_is_named(landlord):
    rent = landlord.refresh(landlord.rent())
    sent = landlord.send(rent)
    with scope(landlord.tenant.pk):
        RentTransfer.objects.filter(pk=sent.pk).update(amount_minor=RENT - 1)

    [difference] = ledger_of(landlord).differences

    assert difference.source_id == sent.stripe_transfer_id
    assert "Stripe moved -€900.00 for the transfer" in difference.words
    assert "here it is -€899.99" in difference.words


def test_posting_of_another_company_stays_hidden(landlord, other_tenant):
    landlord.refresh(landlord.rent())

    with scope(landlord.tenant.pk):
        own = RentPosting.objects.count()
    with scope(other_tenant.pk):
        foreign = RentPosting.objects.count()

    assert (own, foreign) == (1, 0)


def test_owners_are_told_once_of_a_disputed_and_of_a_warned_rent(landlord, admin):
    rent = landlord.refresh(landlord.rent())
    charge = f"charges/{rent.stripe_charge_id}"
    landlord.sandbox.control("POST", f"{charge}/early_fraud_warning")
    landlord.refresh(rent)
    landlord.sandbox.control("POST", f"{charge}/dispute")
    landlord.refresh(rent)
    landlord.refresh(rent)

    with scope(landlord.tenant.pk):
        letters = [(one.to, one.title) for one in Letter.objects.filter(kind="alarm")]

    assert sorted(letters) == [
        (admin.email, "Amber Ales: A dispute about €900.00"),
        (admin.email, "Amber Ales: Early fraud warning about €900.00"),
    ]
