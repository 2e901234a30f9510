"""Pages: a credit note shows its effect first; a month under another version."""

from __future__ import annotations

import pytest
from django.test import Client

from billing.models import CreditNote, Invoice, Meter, PlanVersion
from core.models import Tenant, User
from core.tenancy import scope
from tests.billing.proof.rows import make_price, make_version


@pytest.fixture
def desk(admin: User) -> Client:
    """An admin's browser."""
    client = Client()
    client.force_login(admin)
    return client


def test_credit_note_page_shows_the_effect_before_it_issues(
    tenant: Tenant, desk: Client, invoice: Invoice
) -> None:
    page = f"/billing/invoices/{invoice.pk}/credit/"
    asked = {"settled_by": "open_amount", "amount": "12.10", "reason": "Down.", "key": "k"}

    shown = desk.post(page, asked).content.decode()
    with scope(tenant.pk):
        before = CreditNote.objects.count()
    answer = desk.post(page, {**asked, "confirmed": "yes"})
    desk.post(page, {**asked, "confirmed": "yes"})

    assert "To pay: 30.25 EUR now, 18.15 EUR after. No money moves." in shown
    assert before == 0
    assert (answer.status_code, answer["Location"]) == (302, f"/billing/invoices/{invoice.pk}/")
    with scope(tenant.pk):
        [note] = CreditNote.objects.all()
        assert (note.amount_minor, note.issued_by is not None) == (1210, True)


@pytest.mark.parametrize("amount", ["30.26", "0", "-1", "1.001", "abc", "1e99", "9" * 30])
def test_credit_note_page_refuses_what_cannot_be(
    tenant: Tenant, desk: Client, invoice: Invoice, amount: str
) -> None:
    fields = {"settled_by": "open_amount", "amount": amount, "reason": "x", "key": "k"}

    answer = desk.post(f"/billing/invoices/{invoice.pk}/credit/", {**fields, "confirmed": "yes"})

    assert answer.status_code == 400
    with scope(tenant.pk):
        assert CreditNote.objects.count() == 0


def test_counselors_and_others_issue_nothing(
    counselor: User, other_admin: User, invoice: Invoice
) -> None:
    statuses = []
    for user in (counselor, other_admin):
        client = Client()
        client.force_login(user)
        statuses.append(client.get(f"/billing/invoices/{invoice.pk}/credit/").status_code)

    assert statuses == [403, 404]


def test_what_if_page_compares_a_month(
    tenant: Tenant, desk: Client, invoice: Invoice, version: PlanVersion, meter: Meter
) -> None:
    with scope(tenant.pk):
        dearer = make_version(tenant)
        make_price(dearer, meter, (("0", None, "3"),))

    empty = desk.get("/billing/what-if/")
    answer = desk.get("/billing/what-if/", {"month": "2026-09", "version": str(dearer.pk)})
    odd = [desk.get("/billing/what-if/", {"month": m, "version": "x"}) for m in ("2026-13", "\0")]

    assert empty.status_code == 200
    assert "1 would pay more, 0 less" in answer.content.decode()
    assert "€20.00" in answer.content.decode()
    assert [one.status_code for one in odd] == [400, 400]
