"""The daily ledger knows the charges of organizations from those that nobody knows."""

from __future__ import annotations

from datetime import timedelta

from billing.stripe_book import customers_of
from core.tenancy import scope
from payments.operations.daily_ledger import reconcile_balance


def ledger_of(world):
    today = world.clock().astimezone(world.tenant.zone).date()
    return reconcile_balance(
        tenant_id=world.tenant.pk,
        first_day=today - timedelta(days=1),
        last_day=today,
        now=world.clock() + timedelta(minutes=1),
    )


def pay(world, invoice):
    path = f"invoices/{world.push(invoice).stripe_id}/pay"
    world.stripe("POST", path, payment_method="pm_card_visa")


def test_paid_invoice_leaves_no_difference(world):
    invoice = world.invoice()
    world.push_all()
    pay(world, invoice)

    ledger = ledger_of(world)

    assert ledger.movements == 1
    assert ledger.differences == []
    [line] = [one for one in ledger.lines if one.category == "Payments"]
    assert (line.stripe_minor, line.ours_minor) == (1200, 1200)


def test_charge_of_a_customer_of_nobody_is_named(world):
    invoice = world.invoice()
    world.push_all()
    pay(world, invoice)
    with scope(world.tenant.pk):
        invoice.organization.stripe_customer_id = None
        invoice.organization.save()

    [difference] = ledger_of(world).differences

    assert difference.source_id.startswith("ch_")
    assert "nothing here knows it" in difference.words


def test_customer_of_another_company_stays_hidden(world, other_tenant):
    organization = world.invoice().organization
    world.push_all()
    with scope(world.tenant.pk):
        organization.refresh_from_db()
        own = customers_of([organization.stripe_customer_id, "cus_nobody"])
    with scope(other_tenant.pk):
        foreign = customers_of([organization.stripe_customer_id])

    assert (own, foreign) == ({organization.stripe_customer_id}, set())
