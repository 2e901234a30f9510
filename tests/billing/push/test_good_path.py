"""Pushing when nothing fails: the calls, what Stripe has then, and what stands here."""

from __future__ import annotations

import pytest

from billing.models import Push, StripeCall
from billing.operations.push.queue import queue_pushes
from billing.operations.push.work import Outcome, push_next
from core.tenancy import scope


def test_invoice_takes_three_calls_and_is_equal_at_stripe(world):
    invoice = world.invoice(amounts=[100 + n for n in range(12)])

    world.push_all()

    world.assert_right([invoice])
    assert world.calls() == [
        "customers",
        "invoices",
        "invoices/add_lines",
        "invoices/finalize",
    ]
    assert world.calls(method="GET") == []


@pytest.mark.parametrize(("lines", "calls"), [(1, 1), (100, 1), (101, 2), (240, 3)])
def test_lines_go_a_hundred_a_call(world, lines, calls):
    invoice = world.invoice(amounts=[70] * lines)

    world.push_all()

    world.assert_right([invoice])
    assert world.calls().count("invoices/add_lines") == calls
    assert world.push(invoice).calls == 2 + calls


def test_second_invoice_of_an_organization_needs_no_customer(world):
    organization = world.organization()
    invoices = [world.invoice(organization=organization) for _ in range(3)]

    world.push_all()

    world.assert_right(invoices)
    assert world.calls().count("customers") == 1


def test_push_says_that_it_is_done(world):
    invoice = world.invoice()

    world.push_all()

    push, standing = world.push(invoice), world.standing(invoice)
    assert (push.state, push.step, push.last_error, push.leased_until) == ("done", "done", "", None)
    assert push.hosted_url.startswith("http")
    assert (standing.state, standing.stripe_status) == ("open", "open")


def test_push_keeps_its_calls(world):
    invoice = world.invoice()

    world.push_all()

    push = world.push(invoice)
    with scope(world.tenant.pk):
        found = list(StripeCall.objects.filter(push=push).values_list("step", "outcome"))
        keys = list(StripeCall.objects.filter(push=push).values_list("idempotency_key", flat=True))
    assert found == [("create", "made"), ("lines", "lines"), ("finalize", "finalized")]
    assert keys == [f"tap:inv:{invoice.pk}:{step}:0:1" for step in ("create", "lines", "finalize")]


def test_draft_neither_advances_nor_takes_pending_items(world):
    organization = world.organization()
    world.invoice(organization=organization)
    world.push_all()
    with scope(world.tenant.pk):
        organization.refresh_from_db()
    customer = organization.stripe_customer_id
    world.stripe("POST", "invoiceitems", customer=customer, amount=999, currency="usd")

    second = world.invoice(organization=organization)
    world.push_all()

    asked = world.sandbox.control("GET", "requests")["requests"]
    created = [one["params"] for one in asked if one["path"] == "/v1/invoices"]
    assert {one["auto_advance"] for one in created} == {"false"}
    assert {one["pending_invoice_items_behavior"] for one in created} == {"exclude"}
    assert world.stripe("GET", f"invoices/{world.push(second).stripe_id}")["auto_advance"] is True
    assert world.stripe("GET", f"invoices/{world.push(second).stripe_id}")["total"] == 1200


def test_invoice_over_zero_is_not_sent(world):
    invoice = world.invoice(amounts=[100, -100])

    world.push_all()

    assert world.standing(invoice).state == "nothing_due"
    assert world.pushes() == []
    assert world.at_stripe() == []


def test_queueing_twice_changes_nothing(world):
    invoice = world.invoice()

    with scope(world.tenant.pk):
        again = queue_pushes([invoice.pk], now=world.clock())

    assert again == 0
    with scope(world.tenant.pk):
        assert Push.objects.count() == 1


def test_too_many_lines_are_collapsed_by_product(world):
    invoice = world.invoice(amounts=[10] * 300, products=7)

    world.push_all()

    (found,) = world.at_stripe()
    assert (found["status"], found["total"], len(found["lines"])) == ("open", 3000, 7)
    assert sum(line["amount"] for line in found["lines"]) == 3000
    assert found["lines"][0]["description"] == "Product 0 · 43 lines, in detail in the portal"
    assert world.push(invoice).is_collapsed is True


def test_more_products_than_lines_share_the_last_line(world):
    world.invoice(amounts=[10] * 300, products=300)

    world.push_all()

    (found,) = world.at_stripe()
    assert (len(found["lines"]), found["total"]) == (240, 3000)
    assert found["lines"][-1]["description"] == "Other products · 61 lines, in detail in the portal"


def test_foreign_tenant_sees_and_pushes_nothing(world, other_tenant):
    world.invoice()

    outcome = push_next(tenant_id=other_tenant.pk, clock=world.clock)

    assert outcome is Outcome.NOTHING_DUE
    with scope(other_tenant.pk):
        assert Push.objects.count() == 0
