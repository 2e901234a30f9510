"""Rents that came with an import: looked into like others, and never sent without a person."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from core.tenancy import scope
from payments.models import StripeAccount
from subscriptions.models import Case, House, Lease, RentPayment, RentTransfer
from subscriptions.operations import case_steps, rent_money, rents
from subscriptions.queries.case_words import cause, for_the_tenant
from subscriptions.queries.cases import rents_by_id
from subscriptions.queries.rent_case import rent_case
from tests.subscriptions.leases.conftest import Imports, imports
from tests.subscriptions.leases.dumps import house, lease, payment, user
from tests.subscriptions.rents.conftest import RENT, Landlord

__all__ = ["imports"]
pytestmark = pytest.mark.django_db(transaction=True)
DISPUTED = "It is marked as disputed, but no dispute at Stripe is known here. Ask Stripe again."


@pytest.fixture
def export(imports: Imports, account: StripeAccount) -> Any:
    """Import a support export: one house, one lease, and these payments."""

    def run(*payments: dict[str, Any], houses: Any = None) -> Any:
        return imports(
            users=[user()],
            houses=houses or [house()],
            leases=[lease(roomId=None, houseId="house_1")],
            payments=list(payments),
        )

    return run


def rent_of(source_id: str, imports: Imports) -> RentPayment:
    with scope(imports.tenant.pk):
        return RentPayment.objects.select_related("duplicate_of").get(source_id=source_id)


def test_disputed_payment_of_an_import_has_a_case_that_says_why(
    export: Any, imports: Imports
) -> None:
    export(payment(disputed=1), payment(id="well", dueDate="2026-09-01 00:00:00"))
    export(payment(disputed=1), payment(id="well", dueDate="2026-09-01 00:00:00"))

    with scope(imports.tenant.pk):
        [case] = Case.objects.select_related("rent")
        [transfer] = RentTransfer.objects.all()
        found = rent_case(case.rent_id)
        assert (case.rent.source_id, case.cause) == ("pay_1", "Marked as disputed in an import")
        assert (transfer.state, transfer.hold, transfer.hold_words) == (
            "held", "marked_disputed", DISPUTED,
        )  # fmt: skip
        assert cause(found) == f"The rent was not transferred: {DISPUTED}"
        assert "is marked as disputed" in for_the_tenant(found)
        assert [one.pk for one in rents_by_id("ch_1")] != []


def test_paid_payment_without_a_transfer_says_what_would_hold_it(
    export: Any, imports: Imports
) -> None:
    twins = [house(stripeAccountId="acct_1O0lI"), house(id="house_2", stripeAccountId="acct_1OOlI")]
    told = export(payment(), houses=twins)

    with scope(imports.tenant.pk):
        why = cause(rent_case(RentPayment.objects.get().pk))
    assert why.startswith("There is no transfer yet. The account of Mercelis looks like that of")
    assert ("houses", "house_1", "stripeAccountId", "house-account-alike") in told


def test_payment_that_came_paid_is_sent_by_a_person_alone(
    landlord: Landlord, imports: Imports
) -> None:
    charge = landlord.pay()
    rows = [payment(amount="900.00", paid="900.00", stripeChargeId=charge, stripeInvoiceId=None)]
    houses = [house(stripeAccountId=None)]
    imports(users=[user()], houses=houses, leases=[lease(roomId=None, houseId="house_1")],
            payments=rows)  # fmt: skip
    account = landlord.post("/v1/accounts", {"country": "DE"})["id"]
    with scope(landlord.tenant.pk):
        House.objects.filter(source_id="house_1").update(stripe_account_id=account)
    rent = rent_of("pay_1", imports)

    rent_money.refresh_rent(tenant_id=landlord.tenant.pk, rent_id=rent.pk, now=timezone.now())
    held = landlord.transfer(rent)
    landlord.send(rent)
    before = landlord.sent(rent)
    with scope(landlord.tenant.pk):
        case_steps.take_step(
            rent_id=rent.pk, code="release", text="", by=landlord.by, now=timezone.now()
        )
    landlord.send(rent)

    assert (held.state, held.hold) == ("held", "imported")
    assert before == []
    assert landlord.sent(rent) == [(account, RENT, 0)]


def test_duplicate_can_be_made_the_one_that_counts(
    export: Any, imports: Imports, admin: Any
) -> None:
    rows = [payment(), payment(id="pay_2", stripeChargeId="ch_2", disputed=1)]
    export(*rows)
    second = rent_of("pay_2", imports)

    with scope(imports.tenant.pk):
        rents.count_instead(rent=second, by=admin, now=timezone.now())
        with pytest.raises(rents.NotADuplicate):
            rents.count_instead(rent=second, by=admin, now=timezone.now())
    export(*rows)

    first, second = rent_of("pay_1", imports), rent_of("pay_2", imports)
    assert (first.duplicate_of, second.duplicate_of) == (second, None)
    with scope(imports.tenant.pk):
        assert RentTransfer.objects.get(rent=second).hold == "marked_disputed"


def test_duplicate_of_a_rent_that_moved_money_stays_one(landlord: Landlord, admin: Any) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)
    landlord.send(rent)
    with scope(landlord.tenant.pk):
        double = RentPayment.objects.create(
            tenant=landlord.tenant, lease=Lease.objects.get(), month=rent.month, currency="EUR",
            duplicate_of=rent, amount_minor=RENT,
        )  # fmt: skip

        with pytest.raises(rents.NotADuplicate, match="Money was moved"):
            rents.count_instead(rent=double, by=admin, now=timezone.now())


def test_house_that_is_nearly_a_known_one_is_not_made_anew(export: Any, imports: Imports) -> None:
    imports(
        houses=[house(id="house_O1"), house(id="House_2")],
        leases=[
            lease(id="alike", roomId=None, houseId="house_01"),
            lease(id="capitals", roomId=None, houseId="house_2"),
            lease(id="nowhere", roomId=None, houseId="house_3"),
        ],
    )

    with scope(imports.tenant.pk):
        found = dict(Lease.objects.values_list("source_id", "house__source_id"))
    assert found == {"alike": "house_O1", "capitals": "House_2", "nowhere": "house_3"}
