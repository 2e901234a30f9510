"""Rents paid by link: one way to pay each, and what comes by it is sent on."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.tenancy import scope
from payments.models import Checkout, Payment
from payments.operations.refunds import push_refund, request_refund
from payments.operations.settle import refresh_checkout
from payments.operations.sweeps import check_checkout
from subscriptions.models import CaseNote, Lease, RentCollection, RentPayment, Resident
from subscriptions.operations import rent_collections, rent_money, rent_pages, rents
from subscriptions.operations.lease_links.wanted import metadata_of
from tests.subscriptions.rents.conftest import RENT, Landlord

pytestmark = pytest.mark.django_db(transaction=True)
SUCCEEDS, FAILS = "DE89370400440532013000", "DE62370400440532013001"


def due(landlord: Landlord) -> RentPayment:
    with scope(landlord.tenant.pk):
        rents.open_rents(month=date(2026, 3, 1), now=timezone.now())
        return RentPayment.objects.get()


def open_page(landlord: Landlord, rent: RentPayment) -> str:
    return rent_pages.open_rent_page(
        tenant_id=landlord.tenant.pk, rent_id=rent.pk, now=timezone.now()
    )


def paid_page(landlord: Landlord, rent: RentPayment, **how: Any) -> Checkout:
    """Pay the page as the resident would, and take in what Stripe says of it."""
    open_page(landlord, rent)
    with scope(landlord.tenant.pk):
        checkout = Checkout.objects.latest("created_at")
    how = how or {"card": "4242424242424242"}
    landlord.sandbox.control("POST", f"checkout/sessions/{checkout.stripe_session_id}/pay", **how)
    return settled(landlord, checkout)


def settled(landlord: Landlord, checkout: Checkout) -> Checkout:
    found = refresh_checkout(
        tenant_id=landlord.tenant.pk,
        session_id=str(checkout.stripe_session_id),
        now=timezone.now(),
    )
    assert found is not None
    return found


def again(landlord: Landlord, rent: RentPayment) -> RentPayment:
    """What became of a rent, after Stripe was asked."""
    landlord.refresh(rent)
    with scope(landlord.tenant.pk):
        return RentPayment.objects.get(pk=rent.pk)


def notes(landlord: Landlord) -> list[str]:
    with scope(landlord.tenant.pk):
        return [note.text for note in CaseNote.objects.order_by("written_at", "id")]


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


def test_rent_paid_by_its_page_is_sent_to_the_house(landlord: Landlord) -> None:
    rent = due(landlord)

    paid_page(landlord, rent)
    paid = again(landlord, rent)
    landlord.send(paid)

    assert (paid.state, paid.paid_minor) == ("paid", RENT)
    assert landlord.sent(paid) == [(landlord.house_account, RENT, 0)]
    assert landlord.ledger(paid) == [("expected", RENT), ("received", RENT), ("sent", -RENT)]


def test_debit_of_a_page_is_pending_then_paid(landlord: Landlord) -> None:
    rent = due(landlord)

    checkout = paid_page(landlord, rent, account="succeeds")
    with scope(landlord.tenant.pk), pytest.raises(rent_pages.NotPayable, match="on its way"):
        rent_pages._payable(rent.pk)
    pending = again(landlord, rent)
    held = landlord.transfer(rent).hold
    landlord.sandbox.control(
        "POST", f"checkout/sessions/{checkout.stripe_session_id}/async", succeeds=True
    )
    settled(landlord, checkout)
    paid = again(landlord, rent)

    assert (pending.state, pending.paid_minor, held) == ("pending", 0, "pending")
    assert (paid.state, paid.paid_minor) == ("paid", RENT)
    with scope(landlord.tenant.pk):
        assert Payment.objects.get().standing == Payment.Standing.EXPECTED


def test_debit_that_fails_leaves_the_rent_to_be_paid(landlord: Landlord) -> None:
    rent = due(landlord)

    checkout = paid_page(landlord, rent, account="fails")
    again(landlord, rent)
    landlord.sandbox.control(
        "POST", f"checkout/sessions/{checkout.stripe_session_id}/async", succeeds=False
    )
    settled(landlord, checkout)
    failed = again(landlord, rent)
    paid_page(landlord, rent)
    paid = again(landlord, rent)

    assert (failed.state, failed.paid_minor) == ("failed", 0)
    assert (paid.state, paid.paid_minor) == ("paid", RENT)


def test_refund_of_a_paid_page_holds_the_rent(landlord: Landlord) -> None:
    rent = due(landlord)
    paid_page(landlord, rent)
    again(landlord, rent)

    with scope(landlord.tenant.pk):
        refund = request_refund(
            payment_id=Payment.objects.get().pk, amount_minor=RENT, reason="Moved out",
            by=landlord.by, now=timezone.now(),
        )  # fmt: skip
    push_refund(tenant_id=landlord.tenant.pk, refund_id=refund.pk, now=timezone.now())
    refunded = again(landlord, rent)

    assert refunded.state == "refunded"
    assert landlord.transfer(rent).hold == "refunded"
    assert landlord.ledger(rent)[-1] == ("returned", -RENT)


def test_dispute_of_a_paid_page_holds_the_rent(landlord: Landlord) -> None:
    rent = due(landlord)
    paid_page(landlord, rent)
    paid = again(landlord, rent)

    dispute = landlord.sandbox.control("POST", f"charges/{paid.stripe_charge_id}/dispute")
    found = rent_money.refresh_dispute(
        tenant_id=landlord.tenant.pk, dispute_id=dispute["id"], now=timezone.now()
    )

    assert found is not None
    assert (found.pk, found.is_disputed) == (rent.pk, True)
    assert landlord.transfer(rent).hold == "disputed"


def test_money_of_a_page_after_the_rent_was_paid_is_a_surplus(landlord: Landlord) -> None:
    rent = due(landlord)
    open_page(landlord, rent)
    paid = landlord.rent()
    landlord.refresh(paid)

    with scope(landlord.tenant.pk):
        checkout = Checkout.objects.get()
    path = f"checkout/sessions/{checkout.stripe_session_id}/pay"
    landlord.sandbox.control("POST", path, card="4242424242424242")
    settled(landlord, checkout)
    settled(landlord, checkout)

    with scope(landlord.tenant.pk):
        assert Payment.objects.get().standing == Payment.Standing.SURPLUS
    assert again(landlord, rent).stripe_charge_id == paid.stripe_charge_id
    [told] = [text for text in notes(landlord) if "came by a payment page" in text]
    assert told.startswith("€900.00 came by a payment page (surplus: it was paid already). It is")


# --- from what the resident has saved ----------------------------------------------------------


def saved(landlord: Landlord, method: str = "pm_card_visa", iban: str = "") -> str:
    """Have the resident known to Stripe, with a payment method for invoices."""
    customer = str(landlord.post("/v1/customers", {"name": "Zoé Vidal"})["id"])
    if iban:
        form = {"type": "sepa_debit", "sepa_debit[iban]": iban}
        method = landlord.post("/v1/payment_methods", form)["id"]
    attached = landlord.post(f"/v1/payment_methods/{method}/attach", {"customer": customer})
    landlord.post(
        f"/v1/customers/{customer}",
        {"invoice_settings[default_payment_method]": attached["id"]},
    )
    with scope(landlord.tenant.pk):
        Resident.objects.update(stripe_customer_id=customer)
    return customer


def ask(landlord: Landlord, rent: RentPayment) -> RentCollection:
    with scope(landlord.tenant.pk):
        return rent_collections.ask_to_collect(rent=rent, by=landlord.by, now=timezone.now())


def take(landlord: Landlord, asked: RentCollection, **later: int) -> RentCollection | None:
    return rent_collections.push_collection(
        tenant_id=landlord.tenant.pk,
        collection_id=asked.pk,
        now=timezone.now() + timedelta(**later),
    )


def taken_at_stripe(landlord: Landlord, customer: str) -> list[tuple[int, str]]:
    found = landlord.get("/v1/payment_intents", {"customer": customer})["data"]
    return [(one["amount"], one["status"]) for one in found]


def test_rent_is_taken_from_the_saved_card_once_and_sent(landlord: Landlord) -> None:
    rent = due(landlord)
    customer = saved(landlord)

    asked = ask(landlord, rent)
    same = ask(landlord, rent)
    done = take(landlord, asked)
    nothing = take(landlord, asked, hours=1)
    paid = again(landlord, rent)
    landlord.send(paid)

    assert (same.pk, done is not None, nothing) == (asked.pk, True, None)
    assert taken_at_stripe(landlord, customer) == [(RENT, "succeeded")]
    assert (paid.state, paid.paid_minor) == ("paid", RENT)
    assert landlord.sent(paid) == [(landlord.house_account, RENT, 0)]


def test_rent_by_saved_bank_debit_is_pending(landlord: Landlord) -> None:
    rent = due(landlord)
    saved(landlord, iban=SUCCEEDS)

    take(landlord, ask(landlord, rent))
    pending = again(landlord, rent)

    assert pending.state == "pending"
    assert landlord.transfer(rent).hold == "pending"
    with pytest.raises(rent_collections.NotCollectable):
        ask(landlord, rent)


def test_declined_card_is_told_and_can_be_tried_again(landlord: Landlord) -> None:
    rent = due(landlord)
    customer = saved(landlord, "pm_card_chargeCustomerFail")

    refused = take(landlord, ask(landlord, rent))
    with scope(landlord.tenant.pk):
        state = RentPayment.objects.get().state
    second = take(landlord, ask(landlord, rent))

    assert refused is not None
    assert second is not None
    assert (refused.state, state, second.state) == ("refused", "failed", "refused")
    assert len(taken_at_stripe(landlord, customer)) == 2
    assert "could not be taken" in notes(landlord)[-1]


def test_without_a_saved_method_nothing_is_taken(landlord: Landlord) -> None:
    rent = due(landlord)
    with pytest.raises(rent_collections.NotCollectable, match="not known to Stripe"):
        ask(landlord, rent)
    customer = str(landlord.post("/v1/customers", {"name": "Zoé Vidal"})["id"])
    with scope(landlord.tenant.pk):
        Resident.objects.update(stripe_customer_id=customer)

    refused = take(landlord, ask(landlord, rent))

    assert refused is not None
    assert refused.last_error == "The resident has saved no payment method with Stripe."


def test_answer_that_was_lost_takes_nothing_twice(landlord: Landlord) -> None:
    rent = due(landlord)
    customer = saved(landlord)
    asked = ask(landlord, rent)
    landlord.sandbox.control(
        "POST", "faults", kind="lost_after", path="/v1/payment_intents", method="POST", count=3
    )

    first = take(landlord, asked)
    second = take(landlord, asked, minutes=5)

    assert second is not None or first is not None
    assert taken_at_stripe(landlord, customer) == [(RENT, "succeeded")]
    assert again(landlord, rent).state == "paid"


def test_key_that_stripe_forgot_takes_nothing_twice(landlord: Landlord) -> None:
    rent = due(landlord)
    customer = saved(landlord)
    asked = ask(landlord, rent)
    take(landlord, asked)
    with scope(landlord.tenant.pk):  # as if the process had died before it could record
        RentCollection.objects.update(state="asked", stripe_charge_id="", done_at=None)
        RentPayment.objects.update(state="due", stripe_charge_id="", paid_minor=0)

    take(landlord, asked, days=2)

    assert taken_at_stripe(landlord, customer) == [(RENT, "succeeded")]
    assert again(landlord, rent).state == "paid"


def test_two_at_once_take_the_rent_once(landlord: Landlord) -> None:
    rent = due(landlord)
    customer = saved(landlord)
    asked = ask(landlord, rent)

    def run() -> None:
        try:
            take(landlord, asked)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken_at_stripe(landlord, customer) == [(RENT, "succeeded")]


def test_open_page_is_closed_before_the_rent_is_taken(landlord: Landlord) -> None:
    rent = due(landlord)
    customer = saved(landlord)
    open_page(landlord, rent)
    asked = ask(landlord, rent)

    waits = take(landlord, asked)
    with scope(landlord.tenant.pk):
        checkout = Checkout.objects.get()
    check_checkout(tenant_id=landlord.tenant.pk, checkout_id=checkout.pk, now=timezone.now())
    done = take(landlord, asked, minutes=1)

    assert (waits, done is not None) == (None, True)
    assert taken_at_stripe(landlord, customer) == [(RENT, "succeeded")]
    with pytest.raises(rent_pages.NotPayable):
        open_page(landlord, rent)


def billed(landlord: Landlord, customer: str) -> RentPayment:
    """A rent for which Stripe has an open invoice of the lease's subscription."""
    price = landlord.post(
        "/v1/prices",
        {
            "currency": "eur", "unit_amount": RENT, "recurring[interval]": "month",
            "product_data[name]": "Room 7",
        },
    )["id"]  # fmt: skip
    with scope(landlord.tenant.pk):
        metadata = metadata_of(Lease.objects.get())
    made = landlord.post(
        "/v1/subscriptions",
        {
            "customer": customer, "items[0][price]": price, "collection_method": "send_invoice",
            "days_until_due": 7, **{f"metadata[{name}]": text for name, text in metadata.items()},
        },
    )  # fmt: skip
    with scope(landlord.tenant.pk):
        Lease.objects.update(stripe_subscription_id=made["id"])
    landlord.post(f"/v1/invoices/{made['latest_invoice']}/finalize")
    rent = rent_money.refresh_bill(
        tenant_id=landlord.tenant.pk, invoice_id=made["latest_invoice"], now=timezone.now()
    )
    assert rent is not None
    return rent


def test_rent_with_an_invoice_is_paid_on_its_page_or_by_what_is_saved(landlord: Landlord) -> None:
    customer = saved(landlord)
    rent = billed(landlord, customer)

    page = open_page(landlord, rent)
    done = take(landlord, ask(landlord, rent))
    paid = again(landlord, rent)
    landlord.send(paid)

    invoice = landlord.get(f"/v1/invoices/{rent.stripe_invoice_id}")
    assert page == invoice["hosted_invoice_url"]
    assert (invoice["status"], done is not None) == ("paid", True)
    assert (paid.state, paid.paid_minor) == ("paid", RENT)
    assert landlord.sent(paid) == [(landlord.house_account, RENT, 0)]
    with scope(landlord.tenant.pk):
        assert Checkout.objects.count() == 0


def test_collections_of_another_company_stay_hidden(landlord: Landlord, other_tenant: Any) -> None:
    saved(landlord)
    ask(landlord, due(landlord))

    with scope(other_tenant.pk):
        hidden = RentCollection.objects.count()
    with scope(landlord.tenant.pk):
        seen = RentCollection.objects.count()

    assert (hidden, seen) == (0, 1)
