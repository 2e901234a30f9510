"""Whatever is typed into an address or a form is answered, never with an error of ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from core.models import User
from core.tenancy import scope
from payments.models import Payment, PaymentLink, Refund
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db

ODD = [
    "",
    "\0",
    "a\0b",
    "\ud83d",
    "\u202e\u0665",
    "9" * 400,
    "1e999",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59",
    "[]",
    "../..",
]
SPOKEN = [value for value in ODD if value != "\ud83d"]  # half a character cannot be sent
LISTS = ("links", "payments", "payments_worklist")
FILTERS = ("page", "status", "currency", "text", "state", "method", "first_day", "last_day")
TYPED = (
    "title", "amount", "currency", "description", "reference", "starts_at", "expires_at", "limit",
    "max_payments", "after_payment_message", "redirect_url", "seen_version", "part", "left",
    "reason", "confirmed", "note", "visitor", "secret_key",
)  # fmt: skip


@pytest.fixture
def office(admin: User) -> Client:
    """An admin's browser, which gets an answer whatever breaks."""
    client = Client(raise_request_exception=False)
    client.force_login(admin)
    return client


@pytest.fixture
def link(new_link: Callable[..., PaymentLink]) -> PaymentLink:
    """What was sold."""
    return new_link()


@pytest.fixture
def sold(customer: Customer, link: PaymentLink, now: datetime) -> Payment:
    """A payment of the link that succeeded."""
    checkout = customer.open(link)
    customer.pay(checkout)
    customer.hear(now)
    payment: Payment = customer.payment(checkout)
    return payment


def broken(answers: dict[str, Any]) -> list[str]:
    return [name for name, answer in answers.items() if answer.status_code == 500]


@pytest.mark.parametrize("name", LISTS)
def test_lists_answer_any_filter(office: Client, sold: Payment, name: str) -> None:
    answers = {
        f"{value[:40]!r}": office.get(reverse(name), dict.fromkeys(FILTERS, value))
        for value in SPOKEN
    }

    assert broken(answers) == []


@pytest.mark.usefixtures("sold")
def test_public_pages_answer_any_token_and_session(link: PaymentLink) -> None:
    visitor = Client(raise_request_exception=False)
    own = reverse("pay_return", args=[link.token])

    answers = {
        **{f"token {v[:40]!r}": visitor.get(f"/pay/{quote(v, safe='')}/") for v in SPOKEN},
        **{f"qr {v[:40]!r}": visitor.get(f"/pay/{quote(v, safe='')}/qr.svg") for v in SPOKEN},
        **{f"session {v[:40]!r}": visitor.get(own, {"session": v, "n": v}) for v in SPOKEN},
        **{f"hook {v[:40]!r}": visitor.post(f"/stripe/webhook/{quote(v, safe='')}/") for v in ODD
           if v in SPOKEN},
        **{f"search {v[:40]!r}": visitor.get(own, headers={"accept-language": v}) for v in SPOKEN
           if "\0" not in v and v.isascii()},
    }  # fmt: skip

    assert broken(answers) == []


def test_forms_answer_whatever_is_typed(
    office: Client, link: PaymentLink, sold: Payment, customer: Customer
) -> None:
    with scope(customer.tenant.pk):
        refund = Refund.objects.create(
            tenant=customer.tenant, payment=sold, amount_minor=1, currency="EUR", state="failed"
        )
    forms = [
        reverse("link_new"),
        reverse("link_edit", args=[link.pk]),
        reverse("payment_refund", args=[sold.pk]),
        reverse("payment_keep", args=[sold.pk]),
        reverse("refund_settle", args=[refund.pk]),
        reverse("stripe_connect"),
    ]

    answers = {
        f"{path} {value[:40]!r}": office.post(path, dict.fromkeys(TYPED, value))
        for path in forms
        for value in SPOKEN
    }

    assert broken(answers) == []


def test_addresses_of_rows_that_are_not_there_answer_404(office: Client, sold: Payment) -> None:
    nothing = UUID(int=0)
    pages = ("link", "link_edit", "link_poster", "payment", "payment_refund", "refund_settle")

    answers = [office.get(reverse(name, args=[nothing])).status_code for name in pages]

    assert answers == [404] * len(pages)
