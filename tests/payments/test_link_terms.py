"""What links ask and promise: questions, consent, the rules of an offer, and its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from core.models import Tenant
from core.tenancy import scope
from payments.models import Checkout, LinkVersion, Payment, PaymentLink
from payments.operations.choices import ChoiceInvalid, LinkChanged
from payments.operations.links import LinkInvalid
from tests.payments.conftest import Customer
from tests.payments.offers import ITEMS, OTHER, QUESTIONS, NewLink, choose, edit, session_of, start
from tests.stripe import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def rent(new_link: NewLink) -> PaymentLink:
    """A link of 300.00 EUR that is paid in parts, the first at least 100.00."""
    return new_link(pricing="parts", amount_minor=30000, min_part_minor=10000)


# --- questions, terms, the expected customer ----------------------------------------------------


def test_answers_and_consent_are_kept_encrypted_with_the_payment(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link(
        custom_fields=QUESTIONS, terms_text="I agree", terms_url="https://example.com/terms"
    )
    checkout = start(
        customer,
        link,
        answers={"t_shirt_size": "M", "guests": "3", "field_3": "=HYPERLINK(1)", "odd": "x"},
        has_agreed=True,
    )

    kept = customer.reload(checkout)

    assert [(one["label"], one["value"]) for one in kept.answers] == [
        ("T-shirt size", "M"), ("Guests", "3"), ("日本語", "=HYPERLINK(1)"),
    ]  # fmt: skip
    assert kept.consent is not None
    assert {**kept.consent, "at": ""} == {
        "at": "", "text": "I agree", "url": "https://example.com/terms", "version": 1,
    }  # fmt: skip
    with scope(customer.tenant.pk):
        raw = Checkout.objects.extra(select={"raw": "details"}).get(pk=checkout.pk).raw
    assert "HYPERLINK" not in raw


def test_wrong_answers_are_told_at_their_fields(customer: Customer, new_link: NewLink) -> None:
    link = new_link(custom_fields=QUESTIONS, terms_text="I agree")

    with pytest.raises(ChoiceInvalid) as refused:
        choose(
            customer,
            link,
            answers={"t_shirt_size": "XL", "guests": "many", "field_3": "x" * 256},
        )

    assert [error.field for error in refused.value.errors] == [
        "answer_t_shirt_size", "answer_guests", "answer_field_3", "agree",
    ]  # fmt: skip


def test_expected_customer_is_told_to_stripe(
    customer: Customer, sandbox: Sandbox, new_link: NewLink
) -> None:
    mailed = start(customer, new_link(customer_email="eva@example.com"))
    named = start(customer, new_link(customer_name="Eva Smit", customer_email="eva@example.com"))

    by_mail = session_of(customer, sandbox, mailed)
    by_name = session_of(customer, sandbox, named)
    path, key = f"customers/{by_name['customer']}", customer.account.secret_key
    made = sandbox.stripe("GET", path, key=key)
    assert by_mail["customer_email"] == "eva@example.com"
    assert (made["name"], made["email"]) == ("Eva Smit", "eva@example.com")


# --- rules of an offer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"min_amount_minor": 100}, "min_amount_minor"),
        ({"pricing": "chosen"}, "amount_minor"),
        ({"pricing": "parts", "max_payments": 3}, "max_payments"),
        ({"pricing": "parts", "min_part_minor": 12501}, "min_part_minor"),
        ({"pricing": "odd"}, "pricing"),
        ({"custom_fields": QUESTIONS + QUESTIONS[:1]}, "custom_fields"),
        ({"custom_fields": [QUESTIONS[0], QUESTIONS[0]]}, "custom_fields/1/key"),
        ({"custom_fields": [{**QUESTIONS[1], "options": ["1"]}]}, "custom_fields/0/options"),
        ({"terms_url": "https://example.com"}, "terms_text"),
        ({"terms_text": "Yes", "terms_url": "javascript:alert(1)"}, "terms_url"),
        ({"customer_email": "no"}, "customer_email"),
        ({"customer_name": "x\0"}, "customer_name"),
    ],
)
def test_offer_that_breaks_a_rule_is_refused(
    new_link: NewLink, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(LinkInvalid) as refused:
        new_link(**fields)

    assert [error.field for error in refused.value.errors] == [field]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"name": " "}, "items/0/name"),
        ({"unit_amount_minor": 0}, "items/0/unit_amount_minor"),
        ({"quantity": 11}, "items/0/quantity"),
        ({"min_quantity": None}, "items/0/max_quantity"),
        ({"max_quantity": 10**6}, "items/0/max_quantity"),
    ],
)
def test_item_that_breaks_a_rule_is_refused(
    new_link: NewLink, item: dict[str, Any], field: str
) -> None:
    with pytest.raises(LinkInvalid) as refused:
        new_link(amount_minor=None, pricing="items", items=[{**ITEMS[0], **item}])

    assert [error.field for error in refused.value.errors] == [field]


# --- versions ------------------------------------------------------------------------------------


def test_edit_after_a_payment_keeps_the_old_version(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link(max_payments=None)
    first = start(customer, link)
    customer.pay(first)
    customer.hear(now)

    edit(customer, link, amount_minor=15000, title="Deposit, larger")
    second = start(customer, link, OTHER)

    with scope(customer.tenant.pk):
        versions = list(LinkVersion.objects.order_by("number"))
        made_under = [
            Checkout.objects.select_related("link_version").get(pk=one.pk).link_version
            for one in (first, second)
        ]
    assert [(one.number, one.amount.minor, one.changed) for one in versions] == [
        (1, 12500, []), (2, 15000, ["amount_minor", "title"]),
    ]  # fmt: skip
    assert made_under == versions
    assert (second.amount_minor, customer.payment(first).amount_minor) == (15000, 12500)


def test_edit_that_changes_nothing_makes_no_version(customer: Customer, new_link: NewLink) -> None:
    link = new_link()

    edited = edit(customer, link, amount_minor=12500, title="Deposit")

    assert (edited.version, edited.terms_version) == (1, 1)


def test_page_of_the_old_offer_is_told_of_the_new_one(
    customer: Customer, new_link: NewLink
) -> None:
    link = new_link()
    edit(customer, link, reference="R-1")
    assert choose(customer, link, seen_version=1).amount_minor == 12500
    edit(customer, link, amount_minor=15000)

    with pytest.raises(LinkChanged):
        choose(customer, link, OTHER, seen_version=1)


def test_money_of_the_old_version_is_expected_when_it_comes(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    link = new_link()
    checkout = start(customer, link)
    edit(customer, link, amount_minor=15000)
    customer.pay(checkout)
    customer.hear(now)

    payment = customer.payment(checkout)

    assert (payment.standing, payment.amount_minor) == ("expected", 12500)
    assert customer.reload(link).status_at(now) == PaymentLink.Status.PAID


def test_whole_of_parts_cannot_fall_below_what_is_claimed(
    customer: Customer, rent: PaymentLink
) -> None:
    choose(customer, rent, amount="200")

    for changes, field in [
        ({"amount_minor": 19999}, "amount_minor"),
        ({"pricing": "fixed", "min_part_minor": None}, "pricing"),
        ({"currency": "USD"}, "currency"),
    ]:
        with pytest.raises(LinkInvalid) as refused:
            edit(customer, rent, **changes)
        assert [error.field for error in refused.value.errors] == [field]


def test_version_of_another_tenant_stays_hidden(
    customer: Customer, new_link: NewLink, other_tenant: Tenant
) -> None:
    new_link()

    with scope(other_tenant.pk):
        seen = LinkVersion.objects.count(), Payment.objects.count()

    assert seen == (0, 0)
