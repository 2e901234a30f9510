"""Both sides compared both ways: what only one of them has, and what nobody finished."""

from __future__ import annotations

import pytest

from billing.models import Push
from billing.operations.reconcile import reconcile_invoices
from core.tenancy import scope


@pytest.fixture
def sent(world):
    """An invoice that is open at Stripe."""
    invoice = world.invoice()
    world.push_all()
    return invoice


def reconciled(world):
    month = world.clock().date().replace(day=1)
    found = reconcile_invoices(tenant_id=world.tenant.pk, month=month, clock=world.clock)
    return [(one.number, one.what) for one in found.differences]


def draft(world, invoice, **form):
    customer = world.stripe("GET", "customers")["data"][0]["id"]
    made = world.stripe(
        "POST", "invoices", customer=customer, auto_advance="false",
        **{"metadata[taproom_invoice]": str(invoice.pk)}, **form,
    )  # fmt: skip
    return made["id"]


def test_draft_that_was_left_at_stripe_is_told(world, sent):
    draft(world, sent)

    assert reconciled(world) == [(sent.number, "a draft left at Stripe")]


def test_draft_of_an_invoice_on_its_way_is_none_of_it(world, sent):
    invoice = world.invoice(organization=sent.organization)
    world.fault("error_before", "/v1/invoices/{invoice}/finalize")
    world.push_once()

    assert (world.push(invoice).step, reconciled(world)) == ("finalize", [])


def test_invoice_without_any_way_to_stripe_is_told(world, sent):
    lost = world.invoice(organization=sent.organization, is_queued=False)
    world.invoice(organization=sent.organization, amounts=[100, -100], is_queued=False)

    assert reconciled(world) == [(lost.number, "never put on its way")]


def test_invoice_that_was_not_sent_from_here_is_told(world, sent):
    """A bill over nothing is not sent; somebody made one at Stripe with its mark."""
    nothing = world.invoice(organization=sent.organization, amounts=[100, -100])
    stripe_id = draft(world, nothing)

    assert reconciled(world) == [(stripe_id, "not sent from here")]


def test_invoice_of_another_month_is_compared_in_that_one(world, sent):
    with scope(world.tenant.pk):
        push = Push.objects.select_related("invoice").get(invoice=sent)
    month = world.clock().date().replace(year=world.clock().year + 1, day=1)

    found = reconcile_invoices(tenant_id=world.tenant.pk, month=month, clock=world.clock)

    assert push.stripe_id is not None
    assert (found.compared, found.differences) == (0, [])
