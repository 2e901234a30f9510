"""Paid outside of Stripe: the wish is on the push's row, so that nothing loses it."""

from __future__ import annotations

import pytest

from billing.models import Notice, Push
from billing.operations.push.desk import request_new_draft, retry_pushes
from billing.operations.push.paid import NotPayable, ask_paid_elsewhere
from billing.operations.voiding import void_invoice
from core.demo.processes import wait_until
from core.tenancy import scope
from tests.billing.push.test_killed import is_at, start

PAY = "/v1/invoices/{invoice}/pay"


@pytest.fixture
def sent(world):
    """An invoice that is open at Stripe."""
    invoice = world.invoice()
    world.push_all()
    return invoice


def ask(world, invoice):
    with scope(world.tenant.pk):
        ask_paid_elsewhere(invoice_id=invoice.pk, now=world.clock())


def end_of(world, invoice):
    """State and step of the push, of the money here, and of the invoice at Stripe."""
    push, standing = world.push(invoice), world.standing(invoice)
    there = world.stripe("GET", f"invoices/{push.stripe_id}")
    return push.state, push.step, standing.state, standing.is_paid_out_of_band, there["status"]


PAID = ("done", "done", "paid", True, "paid")


def test_invoice_paid_elsewhere_is_paid_at_stripe(world, sent):
    ask(world, sent)
    asked = end_of(world, sent)

    world.push_all()

    assert asked == ("queued", "paid", "open", False, "open")
    assert end_of(world, sent) == PAID
    assert world.standing(sent).paid_minor == 1200


def test_asking_twice_pays_once(world, sent):
    ask(world, sent)
    ask(world, sent)

    world.push_all()

    assert end_of(world, sent) == PAID
    assert world.calls().count("invoices/pay") == 1


def test_asking_when_it_is_paid_is_refused(world, sent):
    ask(world, sent)
    world.push_all()

    with pytest.raises(NotPayable, match="This invoice is paid: nothing of it is open"):
        ask(world, sent)


def test_invoice_that_is_not_sent_cannot_be_marked_paid(world):
    invoice = world.invoice()

    with pytest.raises(NotPayable, match="not at Stripe yet"):
        ask(world, invoice)


@pytest.mark.parametrize(
    "kind", ["error_before", "error_after", "lost_after", "drop_before", "garbage", "rate_limit"]
)
def test_fault_while_paying_is_tried_again(world, sent, kind):
    world.fault(kind, PAY)
    ask(world, sent)

    world.push_all()

    assert end_of(world, sent) == PAID


def test_wish_waits_while_stripe_is_away(world, sent):
    world.fault("drop_before", "*", count=None)
    ask(world, sent)
    world.push_once()
    away = world.push(sent)

    world.sandbox.control("DELETE", "faults")
    world.wait(minutes=20)
    world.push_all()

    assert (away.state, away.step) == ("waiting", "paid")
    assert away.last_error.startswith("Stripe gave no certain answer")
    assert end_of(world, sent) == PAID


def test_worker_killed_while_stripe_is_told_loses_nothing(world, sent):
    world.fault("delay", PAY, seconds=1.0)
    ask(world, sent)
    worker = start(world)
    assert wait_until(lambda: is_at(world, PAY), seconds=60)

    worker.kill()
    worker.wait()
    left = world.push(sent)
    world.wait(minutes=3)  # the lease runs out
    world.push_all()

    assert (left.state, left.step) == ("queued", "paid")
    assert end_of(world, sent) == PAID


def test_payer_who_was_quicker_paid_it(world, sent):
    ask(world, sent)
    world.stripe("POST", f"invoices/{world.push(sent).stripe_id}/pay",
                 payment_method="pm_card_visa")  # fmt: skip

    world.push_all()

    assert end_of(world, sent) == ("done", "done", "paid", False, "paid")
    assert world.calls().count("invoices/pay") == 1


def test_invoice_voided_meanwhile_at_stripe_waits_for_a_person(world, sent):
    ask(world, sent)
    world.stripe("POST", f"invoices/{world.push(sent).stripe_id}/void")

    world.push_all()
    with scope(world.tenant.pk):
        anew = request_new_draft(push_id=world.push(sent).pk, now=world.clock())
        retried = retry_pushes(now=world.clock())
    world.push_all()
    ask(world, sent)
    asked = world.push(sent)
    world.push_all()

    push = world.push(sent)
    assert (push.state, push.step, anew, retried) == ("blocked", "paid", False, 1)
    assert (asked.state, asked.step) == ("queued", "paid")
    assert push.last_error == "It cannot be marked paid: at Stripe it is void."
    with scope(world.tenant.pk):
        assert not Notice.objects.filter(invoice=sent, kind="not_sent").exists()


def test_invoice_voided_here_after_asking_is_void_at_stripe(world, sent):
    ask(world, sent)
    with scope(world.tenant.pk):
        void_invoice(invoice_id=sent.pk, reason="Wrong", by=None, now=world.clock())

    world.push_all()

    assert end_of(world, sent) == ("done", "done", "void", False, "void")
    assert "invoices/pay" not in world.calls()


def test_foreign_company_finds_no_push_to_ask(world, sent, other_tenant):
    with scope(other_tenant.pk), pytest.raises(NotPayable):
        ask_paid_elsewhere(invoice_id=sent.pk, now=world.clock())

    with scope(world.tenant.pk):
        assert Push.objects.get(invoice=sent).step == "done"
