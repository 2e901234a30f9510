"""`explain_payment` tells of a rent what was passed on to the house, and what came back."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command

from core.tenancy import scope
from payments.models import Payment
from subscriptions.models import RentTransfer, TransferReversal
from tests.subscriptions.rents.conftest import Landlord
from tests.subscriptions.rents.test_pages_to_pay import again, due, paid_page

pytestmark = pytest.mark.django_db(transaction=True)


def explain(name: object) -> str:
    out = StringIO()
    call_command("explain_payment", str(name), stdout=out)
    return out.getvalue()


def test_transfer_dispute_and_reversal_of_a_rent_are_told_in_order(landlord: Landlord) -> None:
    rent = due(landlord)
    checkout = paid_page(landlord, rent)
    again(landlord, rent)
    sent = landlord.send(rent)
    with scope(landlord.tenant.pk):
        payment = Payment.objects.get(checkout=checkout)
    dispute = landlord.sandbox.control("POST", f"charges/{payment.stripe_charge_id}/dispute")
    landlord.refresh(rent)
    landlord.take_back(rent)

    text = explain(payment.pk)

    with scope(landlord.tenant.pk):
        transfer, back = RentTransfer.objects.get(), TransferReversal.objects.get()
    state = transfer.get_state_display().lower()
    for words in (
        f"Transfer {sent.pk} of €900.00 to the house ({sent.stripe_transfer_id}): {state}",
        f"Money of transfer {sent.pk} taken back, {back.reason}: done.",
        f"The payer's bank disputes it ({dispute['id']}, {dispute['reason']}): needs an answer.",
    ):
        assert words in text, text


def test_held_transfer_is_told_with_its_reason(landlord: Landlord) -> None:
    rent = due(landlord)
    checkout = paid_page(landlord, rent)
    with scope(landlord.tenant.pk):
        landlord.house.stripe_account_id = None
        landlord.house.save()
    again(landlord, rent)

    with scope(landlord.tenant.pk):
        payment = Payment.objects.get(checkout=checkout)
        transfer = RentTransfer.objects.get()
    text = explain(payment.pk)

    assert transfer.state == "held"
    assert f"(not at Stripe): held: {transfer.hold_words}" in text


def test_payment_that_is_no_rent_tells_of_no_transfer(landlord: Landlord) -> None:
    other = due(landlord)
    checkout = paid_page(landlord, other)
    with scope(landlord.tenant.pk):
        type(checkout).objects.filter(pk=checkout.pk).update(kind="link")
        payment = Payment.objects.get(checkout=checkout)

    text = explain(payment.pk)

    assert "to the house" not in text
