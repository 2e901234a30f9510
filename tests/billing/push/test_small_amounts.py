"""Invoices below what Stripe charges: nothing is lost, and the developer is told where it went."""

from __future__ import annotations

import pytest

from billing.models import CreditNote, Notice
from billing.operations.credit_notes import NothingLeft, issue_credit_note
from billing.operations.reconcile import reconcile_invoices
from billing.queries.audit import audit
from billing.queries.invoices import bill_of, find_invoice
from core.tenancy import scope

SMALL = (
    "0.40 USD is less than the 0.50 USD that can be charged at least. You are asked for it "
    "together with your next invoice; there is nothing to do now."
)
BESIDES = (
    "The payment page asks for 12.40 USD: 12.00 USD of this invoice, and 0.40 USD of earlier ones "
    "that were too small to be charged by themselves."
)


@pytest.fixture
def small(world):
    """An invoice of 0.40 dollars at Stripe, which charges 0.50 and more."""
    invoice = world.invoice(amounts=[40])
    world.push_all()
    world.hear()
    return invoice


def broken(world):
    with scope(world.tenant.pk):
        found = {one.check.name: one.findings for one in audit(everything=True)}
    return list(found["money_is_conserved"])


def told(world, invoice, kind):
    with scope(world.tenant.pk):
        notice = Notice.objects.get(invoice=invoice, kind=kind)
    return notice.title, notice.text


def test_small_invoice_is_told_to_come_with_the_next_one(world, small):
    standing = world.standing(small)

    assert (standing.state, standing.paid_minor) == ("paid", 40)
    assert broken(world) == []
    assert told(world, small, "moved_on") == (
        f"Invoice {small.number} is too small to be charged by itself",
        SMALL,
    )
    assert list(world.notices(small)) == ["moved_on"]


def test_small_invoice_says_on_its_page_where_it_went(world, small):
    with scope(world.tenant.pk):
        bill = bill_of(find_invoice(small.organization, small.number))

    assert (bill.open_minor, bill.words) == (
        0,
        "It is too small to be charged by itself. You are asked for it with your next one.",
    )


def test_next_invoice_collects_the_small_one_and_says_so(world, small):
    invoice = world.invoice(amounts=[1200], organization=small.organization)
    world.push_all()
    [there] = [one for one in world.at_stripe() if one["number"] == invoice.number]
    world.stripe("POST", f"invoices/{there['id']}/pay", payment_method="pm_card_visa")

    world.hear()

    standing = world.standing(invoice)
    assert there["amount_due"] == 1240
    assert (standing.state, standing.paid_minor) == ("paid", 1200)
    assert broken(world) == []
    assert told(world, invoice, "asked_besides") == (
        f"You are asked for 0.40 USD besides invoice {invoice.number}",
        BESIDES,
    )


def test_small_invoice_that_was_never_taken_cannot_be_refunded(world, small):
    with pytest.raises(NothingLeft), scope(world.tenant.pk):
        issue_credit_note(
            invoice_id=small.pk,
            settled_by=CreditNote.Settled.REFUND,
            reason="A gesture.",
            key=None,
            by=None,
            now=world.clock(),
        )


def test_reconciliation_finds_nothing_wrong_with_small_invoices(world, small):
    world.invoice(amounts=[1200], organization=small.organization)
    world.push_all()

    found = reconcile_invoices(
        tenant_id=world.tenant.pk, month=world.clock().date().replace(day=1), clock=world.clock
    )

    assert found.differences == []
