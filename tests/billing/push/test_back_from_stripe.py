"""What Stripe says of the money: any order and number of events, one end."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import InvoiceStanding, Notice, Organization, Push
from billing.operations.standings import keep_standing, refresh_standing, standings_to_ask
from core.tenancy import scope
from payments.gateway.invoices import invoice_facts
from payments.models import StripeEvent
from payments.operations.events import process_event

GOOD, DECLINED, CONFIRM = "pm_card_visa", "pm_card_chargeDeclined", "pm_card_authenticationRequired"


@pytest.fixture
def sent(world):
    """An invoice that is open at Stripe."""
    invoice = world.invoice()
    world.push_all()
    return invoice


def pay(world, invoice, method):
    stripe_id = world.push(invoice).stripe_id
    return world.stripe("POST", f"invoices/{stripe_id}/pay", payment_method=method)


def act(world, invoice, verb, **form):
    return world.stripe("POST", f"invoices/{world.push(invoice).stripe_id}/{verb}", **form)


def test_paid_invoice_is_paid_and_thanked_for(world, sent):
    pay(world, sent, GOOD)

    world.hear()

    standing = world.standing(sent)
    assert (standing.state, standing.paid_minor, standing.is_paid_out_of_band) == (
        "paid",
        1200,
        False,
    )
    assert standing.paid_at is not None
    assert world.notices(sent) == {"paid": True}


def test_failed_payment_is_told_with_its_reason(world, sent):
    pay(world, sent, DECLINED)

    world.hear()

    standing = world.standing(sent)
    assert (standing.state, standing.attempts) == ("past_due", 1)
    assert standing.failure == "Your card was declined."
    with scope(world.tenant.pk):
        notice = Notice.objects.get(invoice=sent)
    assert notice.kind == "payment_failed"
    assert "Your card was declined." in notice.text
    assert world.push(sent).hosted_url in notice.text


def test_payment_after_a_failure_ends_what_was_told(world, sent):
    pay(world, sent, DECLINED)
    world.hear()
    pay(world, sent, GOOD)

    world.hear()

    assert world.standing(sent).state == "paid"
    assert world.notices(sent) == {"payment_failed": False, "paid": True}


def test_overdue_invoice_is_told(world, sent):
    world.wait(days=16)

    world.hear()

    standing = world.standing(sent)
    assert (standing.state, standing.overdue_at is not None) == ("past_due", True)
    assert world.notices(sent) == {"overdue": True}


def test_overdue_invoice_is_found_without_any_event(world, sent):
    world.wait(days=16)

    found = standings_to_ask(tenant_id=world.tenant.pk, now=world.clock())

    assert found == [world.push(sent).stripe_id]
    refresh_standing(tenant_id=world.tenant.pk, stripe_invoice_id=found[0], now=world.clock())
    assert world.standing(sent).state == "past_due"
    assert standings_to_ask(tenant_id=world.tenant.pk, now=world.clock()) == []


def test_written_off_invoice_is_told_and_may_still_be_paid(world, sent):
    act(world, sent, "mark_uncollectible")
    world.hear()
    first = world.standing(sent).state
    pay(world, sent, GOOD)

    world.hear()

    assert (first, world.standing(sent).state) == ("uncollectible", "paid")
    assert world.notices(sent) == {"uncollectible": False, "paid": True}


def test_invoice_voided_at_stripe_is_told_to_staff(world, sent):
    act(world, sent, "void")

    world.hear()

    push = world.push(sent)
    assert world.standing(sent).state == "void"
    assert push.state == "blocked"
    assert push.last_error.startswith("It was voided at Stripe, but is final here.")


def test_refund_of_an_invoice_is_kept_and_lands_on_no_worklist(world, sent):
    pay(world, sent, GOOD)
    found = world.stripe("GET", "invoice_payments", invoice=world.push(sent).stripe_id)
    intent = found["data"][0]["payment"]["payment_intent"]
    world.stripe("POST", "refunds", payment_intent=intent, amount=200)

    world.hear()

    standing = world.standing(sent)
    assert (standing.state, standing.refunded_minor) == ("paid", 200)
    with scope(world.tenant.pk):
        waiting = StripeEvent.objects.filter(processed_at=None)
        assert list(waiting.values_list("type", "last_error")) == []


def test_older_answer_changes_nothing(world, sent):
    stripe_id = world.push(sent).stripe_id
    old_facts, asked_at = invoice_facts(world.stripe("GET", f"invoices/{stripe_id}")), world.clock()
    pay(world, sent, GOOD)
    world.hear()

    with scope(world.tenant.pk):
        keep_standing(sent.pk, old_facts, read_at=asked_at, now=world.clock())

    assert world.standing(sent).state == "paid"


def test_paid_stays_paid_whatever_is_said_later(world, sent):
    stripe_id = world.push(sent).stripe_id
    open_facts = invoice_facts(world.stripe("GET", f"invoices/{stripe_id}"))
    pay(world, sent, GOOD)
    world.hear()

    later = world.clock() + timedelta(hours=1)
    with scope(world.tenant.pk):
        keep_standing(sent.pk, open_facts, read_at=later, now=later)

    standing = world.standing(sent)
    assert (standing.state, standing.paid_at is not None) == ("paid", True)


def test_deleted_customer_is_made_anew_for_the_next_invoice(world):
    organization = world.organization()
    first = world.invoice(organization=organization)
    world.push_all()
    with scope(world.tenant.pk):
        customer = Organization.objects.get(pk=organization.pk).stripe_customer_id
    pay(world, first, GOOD)
    world.stripe("DELETE", f"customers/{customer}")

    world.hear()
    second = world.invoice(organization=organization)
    world.push_all()

    assert world.push(second).state == "done"
    with scope(world.tenant.pk):
        again = Organization.objects.get(pk=organization.pk).stripe_customer_id
    assert again != customer


def test_customer_deleted_unheard_is_made_anew_too(world):
    organization = world.organization()
    world.invoice(organization=organization)
    world.push_all()
    with scope(world.tenant.pk):
        customer = Organization.objects.get(pk=organization.pk).stripe_customer_id
    world.stripe("DELETE", f"customers/{customer}")

    second = world.invoice(organization=organization)
    world.push_all()

    assert world.push(second).state == "done"


def test_foreign_invoices_are_nobodys_business(world, sent):
    customer = world.stripe("POST", "customers", name="Somebody")["id"]
    world.stripe("POST", "invoices", customer=customer, auto_advance="false")

    world.hear()

    with scope(world.tenant.pk):
        assert InvoiceStanding.objects.count() == 1
        assert Push.objects.filter(invoice__isnull=False).count() == 1


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**6), copies=st.integers(1, 3))
def test_events_in_any_order_and_number_end_alike(world, seed, copies):
    """A failure, a confirmation asked for, a payment and a refund, told in every order."""
    invoice = world.invoice()
    world.push_all()
    pay(world, invoice, DECLINED)
    pay(world, invoice, GOOD)
    found = world.stripe("GET", "invoice_payments", invoice=world.push(invoice).stripe_id)
    intent = found["data"][0]["payment"]["payment_intent"]
    world.stripe("POST", "refunds", payment_intent=intent, amount=100)
    events = world.stored_events() * copies
    random.Random(seed).shuffle(events)

    for event_id in events:
        with scope(world.tenant.pk):
            StripeEvent.objects.filter(stripe_event_id=event_id).update(
                processed_at=None, next_at=world.clock()
            )
        process_event(tenant_id=world.tenant.pk, stripe_event_id=event_id, now=world.clock())

    standing = world.standing(invoice)
    assert (standing.state, standing.paid_minor, standing.refunded_minor) == ("paid", 1200, 100)
    assert world.notices(invoice) == {"paid": True, "refunded": True}
