"""Staff and programs void an invoice, or mark it paid elsewhere; Stripe follows."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.test import Client

from billing.models import Invoice
from core.models import User
from core.operations.api_keys import make_api_key
from core.tenancy import scope


def program(tenant):
    with scope(tenant.pk):
        key = make_api_key(name="Books", scopes=["billing:read", "billing:write"], by=None)
    return Client(headers={"Authorization": f"Api-Key {key.secret}"}, raise_request_exception=False)


def post(client, path, body):
    headers = {"Idempotency-Key": uuid4().hex}
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


def state_of(world, invoice):
    with scope(world.tenant.pk):
        return Invoice.objects.get(pk=invoice.pk).state


def at_stripe(world, invoice):
    [found] = [one for one in world.at_stripe() if one["number"] == invoice.number]
    return found["status"]


@pytest.fixture
def sent(world):
    """An invoice that is open at Stripe."""
    invoice = world.invoice()
    world.push_all()
    return invoice


@pytest.fixture
def staff(client, admin):
    client.force_login(admin)
    return client


def test_staff_void_an_invoice_here_and_at_stripe(world, sent, staff):
    path = f"/billing/invoices/{sent.pk}/void/"

    shown = staff.get(path)
    bare = staff.post(path, {"reason": " "})
    done = staff.post(path, {"reason": "Wrong plan"})
    world.push_all()

    assert [one.status_code for one in (shown, bare, done)] == [200, 400, 302]
    assert (state_of(world, sent), at_stripe(world, sent)) == ("void", "void")


def test_paid_invoice_is_not_voided_and_says_why(world, sent, staff):
    world.stripe("POST", f"invoices/{world.push(sent).stripe_id}/pay",
                 payment_method="pm_card_visa")  # fmt: skip
    world.hear()

    answer = staff.post(f"/billing/invoices/{sent.pk}/void/", {"reason": "Wrong plan"})

    assert answer.status_code == 400
    assert "This invoice is paid." in answer.content.decode()
    assert state_of(world, sent) == "final"


def test_staff_mark_an_invoice_as_paid_elsewhere(world, sent, staff):
    path = f"/billing/invoices/{sent.pk}/paid/"

    shown, asked = staff.get(path), staff.post(path)
    waiting = staff.get(f"/billing/invoices/{sent.pk}/").content.decode()
    world.push_all()
    again = staff.post(path, follow=True)

    assert [one.status_code for one in (shown, asked)] == [200, 302]
    assert (world.standing(sent).state, at_stripe(world, sent)) == ("paid", "paid")
    assert "Waiting, next: tell that it was paid elsewhere" in waiting
    assert "nothing of it is open" in again.content.decode()


def test_program_voids_and_marks_paid(world, staff):
    first, second = world.invoice(), world.invoice()
    world.push_all()
    books = program(world.tenant)

    voided = post(books, f"/api/invoices/{first.pk}/void/", {"reason": "Wrong"})
    paid = post(books, f"/api/invoices/{second.pk}/paid-elsewhere/", {})
    world.push_all()

    assert (voided.status_code, voided.json()["state"]) == (200, "void")
    assert (paid.status_code, at_stripe(world, second)) == (202, "paid")
    assert at_stripe(world, first) == "void"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "#/reason"), ({"reason": ""}, "#/reason"), ({"reason": "a\0"}, "#/reason"),
     ({"reason": ["x"]}, "#/reason"), ({"reason": "x" * 301}, "#/reason"),
     ({"reason": "x", "amount": 1}, "#/amount")],
)  # fmt: skip
def test_odd_void_points_at_its_field(world, sent, body, pointer):
    answer = post(program(world.tenant), f"/api/invoices/{sent.pk}/void/", body)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert state_of(world, sent) == "final"


@pytest.mark.parametrize("verb", ["void", "paid-elsewhere"])
def test_foreign_company_finds_no_invoice(world, sent, other_tenant, verb):
    body = {"reason": "x"} if verb == "void" else {}
    answer = post(program(other_tenant), f"/api/invoices/{sent.pk}/{verb}/", body)

    assert (answer.status_code, state_of(world, sent)) == (404, "final")


def test_invoice_that_is_not_at_stripe_cannot_be_paid_there(world):
    invoice = world.invoice(is_queued=False)

    answer = post(program(world.tenant), f"/api/invoices/{invoice.pk}/paid-elsewhere/", {})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_payable")


def test_voiding_twice_answers_the_same(world, sent):
    books = program(world.tenant)

    answers = [post(books, f"/api/invoices/{sent.pk}/void/", {"reason": "W"}) for _ in range(2)]

    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("verb", ["void", "paid"])
def test_pages_are_for_admins_of_the_company(world, sent, client, other_tenant, verb):
    stranger = User.objects.create_user(
        "s@x.example", "correct horse", tenant=other_tenant, role="admin", name="S"
    )
    client.force_login(stranger)

    assert client.post(f"/billing/invoices/{sent.pk}/{verb}/", {"reason": "x"}).status_code == 404
    assert state_of(world, sent) == "final"
