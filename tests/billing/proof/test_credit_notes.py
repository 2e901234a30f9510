"""Credit notes: how much, of what, and what becomes of the money."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from billing.models import (
    CreditNote,
    Invoice,
    InvoiceStanding,
    Meter,
    Organization,
    Push,
    WalletEntry,
)
from billing.operations.credit_notes import (
    AlreadyVoid,
    AmountInvalid,
    CreditIsUsed,
    CreditTooLarge,
    KeyUsedOtherwise,
    NotCreditable,
    NothingLeft,
    RefundIsOut,
    Take,
    UnknownLine,
    forgive_invoice,
    issue_credit_note,
    void_credit_note,
)
from billing.queries.audit import audit
from billing.queries.credits import effect, room_of, tax_share
from core.models import Tenant
from core.tenancy import scope
from tests.billing.proof.rows import NOW, SEPTEMBER, close, draft, pay, use

Issue = Callable[..., CreditNote]


@pytest.fixture
def issue(tenant: Tenant, invoice: Invoice) -> Issue:
    """Issue a credit note of the invoice: 25.00 and 5.25 tax."""

    def issue(**given: Any) -> CreditNote:
        wanted = {"settled_by": "open_amount", "reason": "Down.", "key": None, "by": None, **given}
        with scope(tenant.pk):
            return issue_credit_note(invoice_id=invoice.pk, now=NOW, **wanted)

    return issue


def test_credit_note_of_an_amount_has_number_hash_and_tax_share(
    tenant: Tenant, invoice: Invoice, issue: Issue
) -> None:
    note = issue(amount_minor=1210)

    assert (note.number, note.amount_minor, note.currency) == ("CN-1", 1210, "EUR")
    assert tax_share(invoice, note.amount_minor) == 210
    with scope(tenant.pk):
        assert room_of(invoice).open_minor == 3025 - 1210
        assert [r.check.name for r in audit(everything=True) if not r.is_kept] == []
        push = Push.objects.get(credit_note=note)
        assert (push.step, push.state) == ("credit", "queued")


def test_credit_note_of_lines_adds_their_tax_to_the_cent(
    tenant: Tenant, invoice: Invoice, issue: Issue
) -> None:
    with scope(tenant.pk):
        line = invoice.lines.get(source="usage")

    first = issue(lines=[Take(line.pk, 333)])
    second = issue(lines=[Take(line.pk, 334)])
    rest = issue(lines=[Take(line.pk)])

    with scope(tenant.pk):
        told = [
            [part.amount_minor for part in n.lines.order_by("-amount_minor")]
            for n in (first, second, rest)
        ]
    assert told == [[333, 70], [334, 70], [1833, 385]]
    assert first.amount_minor + second.amount_minor + rest.amount_minor == invoice.total_minor


def test_credit_note_never_exceeds_what_is_left(invoice: Invoice, issue: Issue) -> None:
    issue(amount_minor=3000)

    with pytest.raises(CreditTooLarge) as failure:
        issue(amount_minor=26)
    assert failure.value.left_minor == 25
    assert issue().amount_minor == 25
    with pytest.raises(NothingLeft):
        issue()


def test_credit_notes_take_turns(tenant: Tenant, invoice: Invoice, issue: Issue) -> None:
    def attempt(_: int) -> str:
        try:
            return issue(amount_minor=1000).number
        except CreditTooLarge:
            return "refused"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as people:
        found = list(people.map(attempt, range(6)))

    assert sorted(found) == ["CN-1", "CN-2", "CN-3", "refused", "refused", "refused"]


def test_credit_note_repeated_under_its_key_is_the_same(issue: Issue) -> None:
    first = issue(amount_minor=100, key="once")

    assert issue(amount_minor=100, key="once").pk == first.pk
    with pytest.raises(KeyUsedOtherwise):
        issue(amount_minor=200, key="once")


def test_refund_needs_a_payment(tenant: Tenant, invoice: Invoice, issue: Issue) -> None:
    with pytest.raises(CreditTooLarge):
        issue(amount_minor=1, settled_by="refund")
    with scope(tenant.pk):
        pay(invoice)

    assert issue(settled_by="refund").amount_minor == 3025
    with pytest.raises(NothingLeft):
        issue(settled_by="prepaid")


def test_prepaid_credit_note_fills_the_wallet_and_a_void_one_empties_it(
    tenant: Tenant, invoice: Invoice, issue: Issue
) -> None:
    with scope(tenant.pk):
        pay(invoice)
    note = issue(settled_by="prepaid", amount_minor=500)

    with scope(tenant.pk):
        assert WalletEntry.objects.get().amount_minor == 500
        void_credit_note(note_id=note.pk, by=None, now=NOW)
        assert sum(entry.amount_minor for entry in WalletEntry.objects.all()) == 0
        assert room_of(invoice).keepable_minor == 3025
        assert [r.check.name for r in audit() if not r.is_kept] == []
    with scope(tenant.pk), pytest.raises(AlreadyVoid):
        void_credit_note(note_id=note.pk, by=None, now=NOW)


def test_used_prepaid_credit_is_not_taken_back(
    tenant: Tenant, invoice: Invoice, organization: Organization, issue: Issue
) -> None:
    with scope(tenant.pk):
        pay(invoice)
    note = issue(settled_by="prepaid", amount_minor=500)
    with scope(tenant.pk):
        WalletEntry.objects.create(
            tenant=tenant, organization=organization, kind="withdrawn", amount_minor=-1
        )

    with scope(tenant.pk), pytest.raises(CreditIsUsed):
        void_credit_note(note_id=note.pk, by=None, now=NOW)


def test_refund_that_went_out_is_not_voided(tenant: Tenant, invoice: Invoice, issue: Issue) -> None:
    with scope(tenant.pk):
        pay(invoice)
    note = issue(settled_by="refund", amount_minor=500)
    with scope(tenant.pk):
        Push.objects.filter(credit_note=note).update(key_used_at=NOW)

    with scope(tenant.pk), pytest.raises(RefundIsOut):
        void_credit_note(note_id=note.pk, by=None, now=NOW)


def test_void_note_that_stripe_never_saw_is_not_sent(tenant: Tenant, issue: Issue) -> None:
    note = issue(amount_minor=500)

    with scope(tenant.pk):
        void_credit_note(note_id=note.pk, by=None, now=NOW)

        assert Push.objects.get(credit_note=note).state == "dropped"


def test_forgiving_takes_all_that_is_open(tenant: Tenant, invoice: Invoice) -> None:
    with scope(tenant.pk):
        note = forgive_invoice(invoice_id=invoice.pk, reason="An accident.", by=None, now=NOW)

        assert (note.amount_minor, note.settled_by) == (3025, "open_amount")
        assert room_of(invoice).open_minor == 0
    with scope(tenant.pk), pytest.raises(NothingLeft):
        forgive_invoice(invoice_id=invoice.pk, reason="Again.", by=None, now=NOW)


def test_draft_is_not_credited(tenant: Tenant, organization: Organization, meter: Meter) -> None:
    with scope(tenant.pk):
        use(organization, meter, "5")
        made = draft(close(organization, SEPTEMBER))

    with scope(tenant.pk), pytest.raises(NotCreditable):
        forgive_invoice(invoice_id=made.pk, reason="No.", by=None, now=NOW)


@pytest.mark.parametrize("amount", [0, -5])
def test_amount_must_be_above_zero(issue: Issue, amount: int) -> None:
    with pytest.raises(AmountInvalid):
        issue(amount_minor=amount)


def test_line_must_be_a_charge_of_this_invoice(
    tenant: Tenant, invoice: Invoice, issue: Issue
) -> None:
    with scope(tenant.pk):
        tax = invoice.lines.get(kind="tax")
        usage = invoice.lines.get(kind="usage")

    with pytest.raises(UnknownLine):
        issue(lines=[Take(tax.pk)])
    with pytest.raises(UnknownLine):
        issue(lines=[Take(usage.pk, 1), Take(usage.pk, 1)])
    with pytest.raises(CreditTooLarge):
        issue(lines=[Take(usage.pk, 2501)])


def test_effect_is_told_first(tenant: Tenant, invoice: Invoice) -> None:
    with scope(tenant.pk):
        told = effect(invoice, 1210, "open_amount")

    assert told[:2] == (
        "To pay: 30.25 EUR now, 18.15 EUR after. No money moves.",
        "2.10 EUR of it is VAT, which is corrected with it.",
    )


def test_credit_note_stays_hidden_from_another_company(
    other_tenant: Tenant, issue: Issue, tenant: Tenant
) -> None:
    issue(amount_minor=1)

    with scope(other_tenant.pk):
        assert CreditNote.objects.count() == 0
    with scope(tenant.pk):
        assert CreditNote.objects.count() == 1
        assert InvoiceStanding.objects.count() == 1
