"""The daily ledger compares what paid invoices, came back or is disputed, to the cent."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.models import InvoicePosting
from billing.operations.push.rows import claim
from billing.stripe_book import customers_of
from core.models import Letter
from core.tenancy import scope
from payments.operations import ledger_reading
from payments.operations.daily_ledger import reconcile_balance


def ledger_of(world, days=1):
    today = world.clock().astimezone(world.tenant.zone).date()
    return reconcile_balance(
        tenant_id=world.tenant.pk,
        first_day=today - timedelta(days=days),
        last_day=today,
        now=world.clock() + timedelta(minutes=1),
    )


def sums(ledger):
    found = {}
    for line in ledger.lines:
        theirs, ours = found.get(line.category, (0, 0))
        here = None if line.ours_minor is None else ours + line.ours_minor
        found[line.category] = (theirs + line.stripe_minor, here)
    return found


def pay(world, invoice, method="pm_card_visa"):
    path = f"invoices/{world.push(invoice).stripe_id}/pay"
    world.stripe("POST", path, payment_method=method)
    [charge] = world.stripe("GET", "charges", limit=1)["data"]
    return charge


def paid_invoice(world):
    invoice = world.invoice()
    world.push_all()
    return invoice, pay(world, invoice)


def refund(world, charge, amount):
    return world.stripe("POST", "refunds", charge=charge["id"], amount=amount)


def dispute(world, charge):
    return world.sandbox.control("POST", f"charges/{charge['id']}/dispute")


def postings(world, invoice):
    with scope(world.tenant.pk):
        rows = InvoicePosting.objects.filter(invoice=invoice).order_by("happened_at", "kind")
        return [(row.kind, row.status, row.moved_minor) for row in rows]


def test_paid_invoice_with_part_refund_and_dispute_matches_to_the_cent(world):
    refunded, first = paid_invoice(world)
    refund(world, first, 300)
    lost, second = paid_invoice(world)
    won, third = paid_invoice(world)
    objections = [dispute(world, second), dispute(world, third)]
    world.hear()
    for objection, status in zip(objections, ("lost", "won"), strict=True):
        world.sandbox.control("POST", f"disputes/{objection['id']}/end", status=status)
    world.hear()

    ledger = ledger_of(world)

    assert ledger.differences == []
    assert (ledger.learned, ledger.left_out, ledger.is_unfinished) == (0, [], False)
    assert postings(world, refunded) == [
        ("charge", "succeeded", 1200),
        ("refund", "succeeded", -300),
    ]
    assert postings(world, lost) == [("charge", "succeeded", 1200), ("dispute", "lost", -1200)]
    assert postings(world, won) == [("charge", "succeeded", 1200), ("dispute", "won", 0)]
    found = sums(ledger)
    assert found["Payments"] == (3600, 3600)
    assert found["Refunds"] == (-300, -300)
    assert found["Disputes"] == (-1200, -1200)


def test_events_heard_twice_keep_each_posting_once(world):
    invoice, charge = paid_invoice(world)
    refund(world, charge, 300)
    world.hear()
    before = postings(world, invoice)
    refund(world, charge, 200)
    world.hear()
    world.hear()

    after = postings(world, invoice)

    assert before == [("charge", "succeeded", 1200), ("refund", "succeeded", -300)]
    assert sorted(after) == [
        ("charge", "succeeded", 1200),
        ("refund", "succeeded", -300),
        ("refund", "succeeded", -200),
    ]


def test_wrong_amount_of_a_refund_is_named(world):
    _, charge = paid_invoice(world)
    back = refund(world, charge, 300)
    world.hear()
    assert ledger_of(world).differences == []

    with scope(world.tenant.pk):
        InvoicePosting.objects.filter(stripe_id=back["id"]).update(amount_minor=299)
    [difference] = ledger_of(world).differences

    assert difference.source_id == back["id"]
    assert "Stripe moved -$3.00 for the refund of invoice" in difference.words
    assert "here it is -$2.99" in difference.words


def test_amount_that_changes_at_stripe_after_a_good_day_is_named(world):
    _, charge = paid_invoice(world)
    world.hear()
    assert ledger_of(world).differences == []

    entry = charge["balance_transaction"]
    world.sandbox.control("POST", f"balance_transactions/{entry}/alter", amount=1100)
    [difference] = ledger_of(world).differences

    assert difference.source_id == charge["id"]
    assert "Stripe moved $11.00 for the charge of invoice" in difference.words
    assert "here it is $12.00" in difference.words


def test_money_from_before_is_asked_for_and_kept(world):
    invoice, charge = paid_invoice(world)
    back = refund(world, charge, 300)
    objection = dispute(world, pay_another(world))
    world.hear()
    with scope(world.tenant.pk):
        InvoicePosting.objects.all().delete()

    first, second = ledger_of(world), ledger_of(world)

    assert (first.differences, first.learned) == ([], 4)
    assert (second.differences, second.learned) == ([], 0)
    with scope(world.tenant.pk):
        kept = set(InvoicePosting.objects.values_list("stripe_id", flat=True))
    assert {charge["id"], back["id"], objection["id"]} < kept
    assert postings(world, invoice)[1] == ("refund", "succeeded", -300)


def pay_another(world):
    return paid_invoice(world)[1]


def test_what_is_past_the_limit_is_told_and_done_by_the_next_run(world, monkeypatch):
    for _ in range(3):
        paid_invoice(world)
    monkeypatch.setattr(ledger_reading, "MOST_ASKED", 2)

    first, second = ledger_of(world), ledger_of(world)

    assert (first.learned, first.is_unfinished, first.differences) == (2, True, [])
    [words] = first.left_out
    assert words.startswith("1 not compared: ")
    assert (second.learned, second.is_unfinished, second.left_out) == (1, False, [])


def test_charge_that_pays_no_invoice_is_named(world):
    world.invoice()
    world.push_all()
    form = {"amount": 700, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
    world.stripe("POST", "payment_intents", **form)

    [difference] = ledger_of(world).differences

    assert difference.source_id.startswith("ch_")
    assert "nothing here knows it" in difference.words


def test_dispute_won_long_after_is_compared_as_a_whole(world):
    _, charge = paid_invoice(world)
    objection = dispute(world, charge)
    world.hear()
    world.wait(days=5)
    world.sandbox.control("POST", f"disputes/{objection['id']}/end", status="won")
    world.hear()

    ledger = ledger_of(world)

    assert ledger.differences == []
    assert sums(ledger)["Disputes"] == (1200, 1200)


def test_command_names_what_was_tampered_with(world):
    _, charge = paid_invoice(world)
    world.hear()
    today = world.clock().astimezone(world.tenant.zone).date()
    days = ("--tenant", world.tenant.slug, "--from", str(today - timedelta(days=1)))
    good, bad = StringIO(), StringIO()

    call_command("reconcile_balance", *days, stdout=good)
    entry = charge["balance_transaction"]
    world.sandbox.control("POST", f"balance_transactions/{entry}/alter", amount=1199)
    with pytest.raises(CommandError, match="1 differences"):
        call_command("reconcile_balance", *days, stdout=bad)

    assert "1 balance transactions, 0 differences" in good.getvalue()
    assert f"{charge['id']}: Stripe moved $11.99" in bad.getvalue()


def test_posting_of_another_company_stays_hidden(world, other_tenant):
    paid_invoice(world)
    world.hear()

    with scope(world.tenant.pk):
        own = InvoicePosting.objects.count()
    with scope(other_tenant.pk):
        foreign = InvoicePosting.objects.count()

    assert (own, foreign) == (1, 0)


def test_customer_of_another_company_stays_hidden(world, other_tenant):
    organization = world.invoice().organization
    world.push_all()
    with scope(world.tenant.pk):
        organization.refresh_from_db()
        own = customers_of([organization.stripe_customer_id, "cus_nobody"])
    with scope(other_tenant.pk):
        foreign = customers_of([organization.stripe_customer_id])

    assert (own, foreign) == ({organization.stripe_customer_id}, set())


def alarms(world):
    with scope(world.tenant.pk):
        return sorted(letter.title for letter in Letter.objects.filter(kind="alarm"))


def test_owners_are_told_once_of_a_disputed_invoice(world, admin):
    _, charge = paid_invoice(world)
    dispute(world, charge)
    world.hear()
    world.hear()

    assert alarms(world) == ["Amber Ales: A dispute about $12.00"]


def test_owners_are_told_of_the_first_invoice_of_the_day_that_stops(world, admin):
    invoices = [world.invoice(), world.invoice()]
    for invoice in invoices:
        with scope(world.tenant.pk):
            turn = claim(world.push(invoice).pk, world.clock)
        turn.block("Stripe refuses it.")

    assert alarms(world) == ["Amber Ales: An invoice does not go out to Stripe"]
