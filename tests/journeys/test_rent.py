"""A rent is asked for by link, paid, sent to its house, and disputed: by webhooks and workers."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils import timezone

from core.models import User
from core.tenancy import scope
from payments.models import Checkout
from subscriptions.models import RentPayment, RentTransfer, Resident, TransferReversal
from subscriptions.operations import case_steps, rents
from tests.journeys.people import GOOD, Seller, eventually
from tests.subscriptions.rents.conftest import RENT, Landlord

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]


def due(landlord: Landlord) -> RentPayment:
    with scope(landlord.tenant.pk):
        rents.open_rents(month=date(2026, 3, 1), now=timezone.now())
        return RentPayment.objects.get()


def step(landlord: Landlord, rent: RentPayment, code: str) -> None:
    with scope(landlord.tenant.pk):
        case_steps.take_step(
            rent_id=rent.pk, code=code, text="", by=landlord.by, now=timezone.now()
        )


def sent(landlord: Landlord) -> RentTransfer:
    def ask() -> RentTransfer | None:
        with scope(landlord.tenant.pk):
            return RentTransfer.objects.filter(state="sent").first()

    found = eventually(ask, "the rent is with its house")
    assert found is not None
    return found


def test_rent_is_paid_by_link_sent_and_disputed(seller: Seller, admin: User) -> None:
    landlord = Landlord(seller.tenant, seller.account, seller.sandbox, admin)
    rent = due(landlord)

    step(landlord, rent, "payment_page")
    session = eventually(lambda: _session(landlord), "the rent has a payment page")
    seller.sandbox.control("POST", f"checkout/sessions/{session}/pay", card=GOOD)
    transfer = sent(landlord)
    seller.sandbox.control("POST", f"charges/{transfer.source_charge_id}/dispute")
    proposed = eventually(lambda: _proposed(landlord), "a reversal is proposed")

    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]
    assert proposed == [("proposed", RENT)]


def test_rent_is_taken_from_the_saved_card_and_sent(seller: Seller, admin: User) -> None:
    landlord = Landlord(seller.tenant, seller.account, seller.sandbox, admin)
    customer = landlord.post("/v1/customers", {"payment_method": "pm_card_visa"})["id"]
    methods = landlord.get(f"/v1/customers/{customer}/payment_methods")["data"]
    default = {"invoice_settings[default_payment_method]": methods[0]["id"]}
    landlord.post(f"/v1/customers/{customer}", default)
    with scope(landlord.tenant.pk):
        Resident.objects.update(stripe_customer_id=customer)
    rent = due(landlord)

    step(landlord, rent, "collect")
    sent(landlord)

    assert landlord.sent(rent) == [(landlord.house_account, RENT, 0)]


def _session(landlord: Landlord) -> str:
    with scope(landlord.tenant.pk):
        found = Checkout.objects.filter(state=Checkout.State.OPEN).first()
        return str(found.stripe_session_id or "") if found else ""


def _proposed(landlord: Landlord) -> list[tuple[str, int]]:
    with scope(landlord.tenant.pk):
        return list(TransferReversal.objects.values_list("state", "amount_minor"))
