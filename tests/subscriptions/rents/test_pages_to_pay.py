"""Rents paid by link: one way to pay each, and what comes by it is sent on."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from core.tenancy import scope
from payments.models import Checkout
from subscriptions.models import CaseNote, RentPayment
from subscriptions.operations import rent_pages, rents
from tests.subscriptions.rents.conftest import RENT, Landlord

pytestmark = pytest.mark.django_db(transaction=True)


def due(landlord: Landlord) -> RentPayment:
    with scope(landlord.tenant.pk):
        rents.open_rents(month=date(2026, 3, 1), now=timezone.now())
        return RentPayment.objects.get()


def open_page(landlord: Landlord, rent: RentPayment) -> str:
    return rent_pages.open_rent_page(
        tenant_id=landlord.tenant.pk, rent_id=rent.pk, now=timezone.now()
    )


def test_rent_has_one_page_with_its_amount(landlord: Landlord) -> None:
    rent = due(landlord)

    first, again = open_page(landlord, rent), open_page(landlord, rent)

    assert first == again
    with scope(landlord.tenant.pk):
        [checkout] = Checkout.objects.all()
        assert (checkout.kind, checkout.subject_id) == ("rent", rent.pk)
        assert (checkout.amount_minor, checkout.currency) == (RENT, "EUR")
        assert [note.text for note in CaseNote.objects.all()] == [f"Payment page: {first}"]


def test_paid_rent_has_no_page(landlord: Landlord) -> None:
    rent = landlord.rent()
    landlord.refresh(rent)

    with pytest.raises(rent_pages.NotPayable):
        open_page(landlord, rent)


def test_page_is_not_wanted_once_the_rent_is_paid(landlord: Landlord) -> None:
    rent = due(landlord)
    open_page(landlord, rent)
    with scope(landlord.tenant.pk):
        checkout = Checkout.objects.get()
        before = rent_pages.is_rent_wanted(checkout)

    paid = landlord.rent()
    landlord.refresh(paid)

    with scope(landlord.tenant.pk):
        assert (before, rent_pages.is_rent_wanted(checkout)) == (True, False)
