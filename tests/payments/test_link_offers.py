"""What links offer: chosen amounts, items, parts; reckoned here alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from payments.models import Checkout, PaymentLink
from payments.operations.checkouts import (
    LinkBusy,
    LinkNotPayable,
    end_without_money,
)
from payments.operations.choices import ChoiceInvalid
from payments.operations.decisions import keep_payment
from payments.operations.links import deactivate_link
from tests.payments.conftest import Customer
from tests.payments.offers import ITEMS, ME, OTHER, NewLink, choose, session_of, start
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def gift(new_link: NewLink) -> PaymentLink:
    """A link whose customer chooses from 5.00 to 50.00 EUR."""
    return new_link(
        amount_minor=None,
        pricing="chosen",
        min_amount_minor=500,
        max_amount_minor=5000,
        preset_amount_minor=2000,
        max_payments=None,
    )


@pytest.fixture
def rent(new_link: NewLink) -> PaymentLink:
    """A link of 300.00 EUR that is paid in parts, the first at least 100.00."""
    return new_link(pricing="parts", amount_minor=30000, min_part_minor=10000)


# --- the customer chooses -----------------------------------------------------------------------


def test_chosen_amount_is_frozen_and_asked_of_stripe(
    customer: Customer, sandbox: Sandbox, gift: PaymentLink, now: datetime
) -> None:
    checkout = start(customer, gift, amount="12,50")
    customer.pay(checkout)
    customer.hear(now)

    payment = customer.payment(checkout)
    assert session_of(customer, sandbox, checkout)["amount_total"] == 1250
    assert (payment.amount_minor, payment.standing, payment.state) == (
        1250, "expected", "succeeded",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("", "required"),
        ("4.99", "out_of_bounds"),
        ("50.01", "out_of_bounds"),
        ("-12", "out_of_bounds"),
        ("12.505", "not_an_amount"),
        ("1e3", "not_an_amount"),
        ("١٢", "not_an_amount"),
        ("NaN", "not_an_amount"),
        ("12\0", "not_an_amount"),
        ("9" * 40, "not_an_amount"),
    ],
)
def test_chosen_amount_out_of_its_bounds_is_refused(
    customer: Customer, gift: PaymentLink, amount: str, code: str
) -> None:
    with pytest.raises(ChoiceInvalid) as refused:
        choose(customer, gift, amount=amount)

    assert [(error.field, error.code) for error in refused.value.errors] == [("amount", code)]
    assert customer.reload(gift).slots_taken == 0


def test_amounts_have_the_decimals_of_their_currency(customer: Customer, new_link: NewLink) -> None:
    yen = new_link(amount_minor=None, pricing="chosen", currency="JPY", max_payments=None)
    dinar = new_link(amount_minor=None, pricing="chosen", currency="KWD", max_payments=None)

    assert choose(customer, yen, amount="500").amount_minor == 500
    assert choose(customer, dinar, amount="1.250").amount_minor == 1250
    for link, amount, code in [(yen, "500.0", "not_an_amount"), (dinar, "1.255", "not_in_steps")]:
        with pytest.raises(ChoiceInvalid) as refused:
            choose(customer, link, OTHER, amount=amount)
        assert refused.value.errors[0].code == code


def test_choosing_anew_closes_the_earlier_page(
    customer: Customer, sandbox: Sandbox, new_link: NewLink
) -> None:
    link = new_link(amount_minor=None, pricing="chosen", max_payments=1)
    first = start(customer, link, amount="20")
    again = start(customer, link, amount="20.00")

    second = start(customer, link, amount="30")

    assert again.pk == first.pk
    assert session_of(customer, sandbox, first)["status"] == "expired"
    assert session_of(customer, sandbox, second)["amount_total"] == 3000
    assert customer.reload(first).state == "expired"
    assert customer.reload(link).slots_taken == 1


def test_choosing_anew_after_paying_finds_the_link_paid(
    customer: Customer, new_link: NewLink
) -> None:
    link = new_link(amount_minor=None, pricing="chosen", max_payments=1)
    paid = start(customer, link, amount="20")
    customer.pay(paid)

    with pytest.raises(LinkNotPayable) as refused:
        start(customer, link, amount="30")

    assert refused.value.status == PaymentLink.Status.PAID
    assert customer.payment(paid).amount_minor == 2000


# --- parts -------------------------------------------------------------------------------------


def test_link_is_paid_off_in_parts(customer: Customer, rent: PaymentLink, now: datetime) -> None:
    seen = []
    for visitor, amount in ((ME, "100"), (OTHER, "150.50"), (ME, "49.50")):
        customer.pay(start(customer, rent, visitor, amount=amount))
        customer.hear(now)
        link = customer.reload(rent)
        seen.append((link.status_at(timezone.now()).value, link.remaining.minor))

    assert seen == [("partially_paid", 20000), ("partially_paid", 4950), ("paid", 0)]
    assert (link.paid_count, link.received_minor, link.claimed_minor) == (3, 30000, 30000)
    with pytest.raises(LinkNotPayable):
        choose(customer, rent, amount="1")


@pytest.mark.parametrize(
    ("amount", "code"),
    [("99.99", "out_of_bounds"), ("300.01", "out_of_bounds"), ("299.80", "leaves_too_little")],
)
def test_part_out_of_its_bounds_is_refused(
    customer: Customer, rent: PaymentLink, amount: str, code: str
) -> None:
    with pytest.raises(ChoiceInvalid) as refused:
        choose(customer, rent, amount=amount)

    assert [error.code for error in refused.value.errors] == [code]


def test_forty_parallel_payers_get_the_three_parts_there_are(
    customer: Customer, rent: PaymentLink, tenant: Tenant
) -> None:
    def pay(number: int) -> str:
        try:
            choose(customer, rent, f"{number:064}", amount="100")
        except LinkBusy:
            return "busy"
        finally:
            connections.close_all()
        return "taken"

    with ThreadPoolExecutor(max_workers=40) as pool:
        answers = sorted(pool.map(pay, range(40)))

    assert answers == ["busy"] * 37 + ["taken"] * 3
    assert customer.reload(rent).claimed_minor == 30000


def test_part_that_is_not_paid_becomes_free_again(
    customer: Customer, rent: PaymentLink, now: datetime
) -> None:
    kept, left = start(customer, rent, amount="200"), start(customer, rent, OTHER, amount="100")
    with scope(customer.tenant.pk):
        for _ in range(2):
            end_without_money(checkout_id=left.pk, state=Checkout.State.EXPIRED, now=now)

    link = customer.reload(rent)

    assert (link.claimed_minor, link.slots_taken) == (20000, 1)
    customer.pay(kept)
    customer.hear(now)
    assert customer.reload(rent).received_minor == 20000


def test_part_paid_after_its_place_was_taken_is_surplus(
    customer: Customer, rent: PaymentLink, now: datetime
) -> None:
    slow = start(customer, rent, amount="200")
    with scope(customer.tenant.pk):
        end_without_money(checkout_id=slow.pk, state=Checkout.State.EXPIRED, now=now)
    customer.pay(start(customer, rent, OTHER, amount="300"))
    customer.pay(slow)

    customer.hear(now)

    assert customer.payment(slow).standing == "surplus"
    link = customer.reload(rent)
    assert (link.received_minor, link.claimed_minor, link.paid_count) == (30000, 30000, 1)


def test_late_part_counts_once_it_is_kept(
    customer: Customer, rent: PaymentLink, now: datetime
) -> None:
    late = start(customer, rent, amount="200")
    with scope(customer.tenant.pk):
        deactivate_link(link_id=rent.pk, now=now - timedelta(minutes=1))
    customer.pay(late)
    customer.hear(now)
    before = customer.reload(rent)
    payment = customer.payment(late)

    with scope(customer.tenant.pk):
        keep_payment(payment_id=payment.pk, by=None, now=now)

    after = customer.reload(rent)
    assert payment.standing == "late"
    assert (before.received_minor, before.claimed_minor) == (0, 0)
    assert (after.received_minor, after.claimed_minor, after.paid_count) == (20000, 20000, 1)


# --- items -------------------------------------------------------------------------------------


def test_items_are_reckoned_here_and_held_against_stripes_answer(
    customer: Customer, sandbox: Sandbox, new_link: NewLink, now: datetime
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS)
    checkout = start(customer, link, quantities={0: "3", 1: "99"})
    session = session_of(customer, sandbox, checkout)
    customer.pay(checkout)
    customer.hear(now)

    lines = [(line["description"], line["quantity"]) for line in session["line_items"]["data"]]
    assert link.amount_minor == 4200
    assert lines == [("Tour “ü 🍺”", 3), ("Glass", 1)]
    assert (session["amount_total"], customer.payment(checkout).standing) == (6050, "expected")


def test_other_items_than_were_chosen_are_a_mismatch(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS)
    checkout = start(customer, link)
    with scope(customer.tenant.pk):
        frozen = Checkout.objects.get(pk=checkout.pk)
        frozen.items = [{**frozen.items[0], "name": "Keg"}, frozen.items[1]]
        frozen.save()
    customer.pay(checkout)
    customer.hear(now)

    payment = customer.payment(checkout)

    assert payment.standing == "mismatched"
    assert payment.mismatch == "the session holds other items than were chosen"


def test_all_hundred_lines_come_back(customer: Customer, new_link: NewLink, now: datetime) -> None:
    items = [{**ITEMS[1], "name": f"Item {number}"} for number in range(100)]
    link = new_link(amount_minor=None, pricing="items", items=items)
    checkout = start(customer, link)
    customer.pay(checkout)

    customer.hear(now)

    assert customer.payment(checkout).standing == "expected"


@pytest.mark.parametrize("quantity", ["-1", "11", "1.5", "x", "", "٣", "9" * 9])
def test_quantity_out_of_its_bounds_is_refused(
    customer: Customer, new_link: NewLink, quantity: str
) -> None:
    link = new_link(amount_minor=None, pricing="items", items=ITEMS)

    with pytest.raises(ChoiceInvalid) as refused:
        choose(customer, link, quantities={0: quantity})

    assert [error.field for error in refused.value.errors] == ["quantity_0"]


def test_nothing_of_everything_is_refused(customer: Customer, new_link: NewLink) -> None:
    link = new_link(amount_minor=None, pricing="items", items=[ITEMS[0]])

    with pytest.raises(ChoiceInvalid) as refused:
        choose(customer, link, quantities={0: "0"})

    assert [error.field for error in refused.value.errors] == ["items"]
