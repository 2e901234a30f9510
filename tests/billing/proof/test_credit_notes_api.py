"""Credit notes by the API: odd input points at its field, and nobody reaches another company's."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from billing.models import CreditNote, Invoice
from core.models import Tenant
from core.operations.api_keys import make_api_key
from core.tenancy import scope

GOOD = {"amount_minor": 100, "reason": "Down.", "settled_by": "open_amount"}


def program(tenant: Tenant) -> Client:
    with scope(tenant.pk):
        key = make_api_key(name="Books", scopes=["billing:read", "billing:write"], by=None)
    return Client(headers={"Authorization": f"Api-Key {key.secret}"}, raise_request_exception=False)


@pytest.fixture
def books(tenant: Tenant) -> Client:
    return program(tenant)


def post(client: Client, path: str, body: Any, key: str | None = None) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Idempotency-Key": key or uuid4().hex}
    return client.post(path, text, content_type="application/json", headers=headers)


def notes_of(tenant: Tenant) -> int:
    with scope(tenant.pk):
        return CreditNote.objects.count()


def path_of(invoice: Invoice) -> str:
    return f"/api/invoices/{invoice.pk}/credit-notes/"


ODD: dict[str, tuple[Any, str]] = {
    "no amount": ({**GOOD, "amount_minor": None}, "#/amount_minor"),
    "nothing": ({**GOOD, "amount_minor": 0}, "#/amount_minor"),
    "below zero": ({**GOOD, "amount_minor": -1}, "#/amount_minor"),
    "too large for a column": ({**GOOD, "amount_minor": 2**63}, "#/amount_minor"),
    "of many digits": ({**GOOD, "amount_minor": 10**400}, "#/amount_minor"),
    "more than is left": ({**GOOD, "amount_minor": 2**62}, "#/amount_minor"),
    "a fraction": ({**GOOD, "amount_minor": 1.5}, "#/amount_minor"),
    "a word": ({**GOOD, "amount_minor": "many"}, "#/amount_minor"),
    "a list as amount": ({**GOOD, "amount_minor": [100]}, "#/amount_minor"),
    "no reason": ({**GOOD, "reason": ""}, "#/reason"),
    "blank reason": ({**GOOD, "reason": "  "}, "#/reason"),
    "NUL in the reason": ({**GOOD, "reason": "a\0b"}, "#/reason"),
    "half a surrogate": (
        '{"amount_minor": 1, "reason": "\\ud800", "settled_by": "refund"}', "#/reason",
    ),
    "long reason": ({**GOOD, "reason": "x" * 301}, "#/reason"),
    "reason as an object": ({**GOOD, "reason": {"a": 1}}, "#/reason"),
    "unknown settlement": ({**GOOD, "settled_by": "cash"}, "#/settled_by"),
    "settlement as a list": ({**GOOD, "settled_by": ["refund"]}, "#/settled_by"),
    "unknown field": ({**GOOD, "currency": "USD"}, "#/currency"),
    "amount and lines": ({**GOOD, "lines": [{"line": str(uuid4())}]}, "#/amount_minor"),
    "lines as an object": ({**GOOD, "amount_minor": 1, "lines": {}}, "#/lines"),
    "a line that is no UUID": (
        {"reason": "R", "settled_by": "refund", "lines": [{"line": "x"}]}, "#/lines/0/line",
    ),
    "an unknown line": (
        {"reason": "R", "settled_by": "refund", "lines": [{"line": str(uuid4())}]}, "#/lines/0",
    ),
    "no lines at all": ({"reason": "R", "settled_by": "open_amount", "lines": []}, "#/lines"),
}  # fmt: skip


@pytest.mark.parametrize("case", ODD)
def test_odd_input_points_at_its_field_and_issues_nothing(
    books: Client, tenant: Tenant, invoice: Invoice, case: str
) -> None:
    body, pointer = ODD[case]

    answer = post(books, path_of(invoice), body)

    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert pointer in [error.get("pointer") for error in answer.json()["errors"]]
    assert notes_of(tenant) == 0


@pytest.mark.parametrize("body", ["", "[]", "null", "1", '"x"', "{", b"\xff\xfe", "[" * 5000])
def test_body_that_is_no_object_is_refused(
    books: Client, tenant: Tenant, invoice: Invoice, body: Any
) -> None:
    answer = post(books, path_of(invoice), body)

    assert (answer.status_code, notes_of(tenant)) == (400, 0)


def test_line_twice_is_refused_at_its_second_place(
    books: Client, tenant: Tenant, invoice: Invoice
) -> None:
    with scope(tenant.pk):
        line = str(invoice.lines.get(kind="usage").pk)
    body = {"reason": "R", "settled_by": "open_amount", "lines": [{"line": line}] * 2}

    answer = post(books, path_of(invoice), body)

    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/lines/1"]


def test_key_is_required_and_repeats_the_answer(
    books: Client, tenant: Tenant, invoice: Invoice
) -> None:
    bare = books.post(path_of(invoice), json.dumps(GOOD), content_type="application/json")
    first = post(books, path_of(invoice), GOOD, "once")
    again = post(books, path_of(invoice), GOOD, "once")
    other = post(books, path_of(invoice), {**GOOD, "amount_minor": 101}, "once")

    assert [one.status_code for one in (bare, first, again, other)] == [400, 201, 201, 422]
    assert first.json() == again.json()
    assert notes_of(tenant) == 1


@pytest.mark.parametrize("verb", ["get", "post"])
def test_foreign_company_finds_no_invoice_to_credit(
    other_tenant: Tenant, tenant: Tenant, invoice: Invoice, verb: str
) -> None:
    stranger = program(other_tenant)

    if verb == "get":
        answer = stranger.get(path_of(invoice))
    else:
        answer = post(stranger, path_of(invoice), GOOD)

    assert (answer.status_code, notes_of(tenant), notes_of(other_tenant)) == (404, 0, 0)


def test_foreign_company_cannot_void_a_credit_note(
    books: Client, other_tenant: Tenant, tenant: Tenant, invoice: Invoice
) -> None:
    note = post(books, path_of(invoice), GOOD).json()["id"]

    answer = post(program(other_tenant), f"/api/credit-notes/{note}/void/", {})

    with scope(tenant.pk):
        assert (answer.status_code, CreditNote.objects.get().state) == (404, "issued")


def test_key_of_one_company_says_nothing_to_another(
    books: Client, other_tenant: Tenant, tenant: Tenant, invoice: Invoice
) -> None:
    post(books, path_of(invoice), GOOD, "shared")

    answer = post(program(other_tenant), path_of(invoice), GOOD, "shared")

    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["x", "%00", "00000000-0000-0000-0000-000000000000"])
def test_invoice_that_is_none_is_not_found(books: Client, name: str) -> None:
    answer = post(books, f"/api/invoices/{name}/credit-notes/", GOOD)

    assert answer.status_code == 404


def test_reader_may_not_issue(tenant: Tenant, invoice: Invoice) -> None:
    with scope(tenant.pk):
        key = make_api_key(name="Reader", scopes=["billing:read"], by=None)
    reader = Client(headers={"Authorization": f"Api-Key {key.secret}"})

    answer = post(reader, path_of(invoice), GOOD)

    assert (answer.status_code, notes_of(tenant)) == (403, 0)
