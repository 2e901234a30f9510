"""The ledgers of houses against Stripe: each difference is named, from either side."""

from __future__ import annotations

from datetime import date
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import HouseEntry, RentPayment, RentTransfer
from subscriptions.operations.house_ledger import enter
from tests.subscriptions.rents.conftest import RENT, Landlord

pytestmark = pytest.mark.django_db(transaction=True)
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


def sent(landlord: Landlord, month: date = MARCH) -> RentPayment:
    rent = landlord.rent(month)
    landlord.refresh(rent)
    landlord.send(rent)
    return rent


def said(landlord: Landlord, **options: Any) -> tuple[int, str]:
    """Exit code and words of the command."""
    out = StringIO()
    try:
        call_command("reconcile_rents", tenant=landlord.tenant.slug, stdout=out, **options)
    except CommandError as error:
        return error.returncode, out.getvalue() + str(error)
    return 0, out.getvalue()


def test_month_that_agrees_has_no_differences(landlord: Landlord) -> None:
    sent(landlord)
    sent(landlord, APRIL)

    march, all_of_it = said(landlord, month="2026-03"), said(landlord)

    assert march == (0, "1 rents, 1 transfers, 0 balance transactions: 0 differences\n")
    assert all_of_it[0] == 0
    assert all_of_it[1].startswith("2 rents, 2 transfers, ")


def test_differences_of_one_month_are_named_in_it_alone(landlord: Landlord) -> None:
    rent = sent(landlord)
    sent(landlord, APRIL)
    with scope(landlord.tenant.pk):
        RentTransfer.objects.filter(rent=rent).update(destination="acct_1Elsewhere")
        transfer = str(RentTransfer.objects.get(rent=rent).stripe_transfer_id)

    march, april = said(landlord, month="2026-03"), said(landlord, month="2026-04")

    assert (march[0], april[0]) == (1, 0)
    words = f"{transfer}: Here it went to acct_1Elsewhere, at Stripe to {landlord.house_account}."
    assert words in march[1]


def test_charge_that_stripe_does_not_know_is_named(landlord: Landlord) -> None:
    rent = sent(landlord)
    with scope(landlord.tenant.pk):
        RentPayment.objects.filter(pk=rent.pk).update(stripe_charge_id="ch_nowhere")

    code, words = said(landlord, month="2026-03")

    assert code == 1
    assert "ch_nowhere: rent March 2026: Stripe does not know this charge." in words


def test_charge_that_was_refunded_behind_our_back_is_named(landlord: Landlord) -> None:
    rent = sent(landlord)
    landlord.post("/v1/refunds", {"charge": rent.stripe_charge_id, "amount": 10000})

    before = said(landlord, month="2026-03")
    landlord.refresh(rent)
    after = said(landlord, month="2026-03")

    assert before[0] == 1
    assert "€100.00 was refunded, the ledger says €0.00" in before[1]
    assert after[0] == 0


def test_money_that_the_ledger_does_not_know_is_named(landlord: Landlord) -> None:
    rent = landlord.rent()

    code, words = said(landlord, month="2026-03")

    assert code == 1
    assert f"{rent.stripe_charge_id}: rent March 2026: €900.00 came, the ledger says" in words


def test_transfer_that_stripe_alone_knows_is_named(landlord: Landlord) -> None:
    rent = sent(landlord)
    form = {
        "amount": 100, "currency": "eur", "destination": landlord.house_account,
        "source_transaction": landlord.pay(), "metadata[taproom_rent]": str(rent.pk),
    }  # fmt: skip
    other = landlord.post("/v1/transfers", form)["id"]

    code, words = said(landlord)

    assert code == 1
    assert f"{other}: Stripe sent it for rent {rent.pk}; it is not recorded here." in words


def test_movement_that_the_ledger_alone_knows_is_named(landlord: Landlord) -> None:
    rent = sent(landlord)
    with scope(landlord.tenant.pk):
        found = RentPayment.objects.select_related("lease").get(pk=rent.pk)
        enter(found, HouseEntry.Kind.RETURNED, -RENT, source="du_made_up",
              happened_at=timezone.now())  # fmt: skip

    code, words = said(landlord)

    assert code == 1
    assert "du_made_up: The ledger knows it, Stripe's balance does not." in words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"month": "2026-13"}, "--month is a month such as 2026-03."),
        ({"month": "March"}, "--month is a month such as 2026-03."),
        ({"days": 0}, "--days is from 1 to 3660."),
    ],
)
def test_odd_options_are_refused(landlord: Landlord, options: Any, words: str) -> None:
    assert said(landlord, **options) == (1, words)


def test_without_a_stripe_account_nothing_is_compared(other_tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="This tenant has no Stripe account"):
        call_command("reconcile_rents", tenant=other_tenant.slug, stdout=StringIO())
