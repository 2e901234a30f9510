"""The audit: silent on sound rows, and finds each promise broken by hand."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from billing.models import (
    Alert,
    AlertFiring,
    Invoice,
    Meter,
    OneOffItem,
    Organization,
    WalletEntry,
)
from billing.operations.credit_notes import issue_credit_note
from billing.queries.audit import all_checks, audit
from core.models import Tenant
from core.tenancy import scope
from tests.billing.proof.rows import NOW, SEPTEMBER, billed, pay, use
from tests.conftest import remove_rows

# What breaks each promise, written past triggers and policies.
BREAKS = {
    "buckets_are_their_events": "UPDATE billing_usagebucket SET quantity = quantity + 1",
    "events_have_bucket": "UPDATE billing_usageevent SET bucket_id = 0",
    "events_on_their_day": "UPDATE billing_usageevent SET time = time + interval '3 days'",
    "corrections_have_their_event": """
        UPDATE billing_usageevent SET kind = 'void', corrects = 'nothing', reason = 'x'
        WHERE idempotency_key = 'second'""",
    "periods_tile": "UPDATE billing_billingperiod SET starts_on = starts_on + 1",
    "periods_follow_calendar": """
        UPDATE billing_billingperiod SET ends_at = ends_at + interval '2 hours'""",
    "closed_through_last_closed_day": """
        UPDATE billing_organization SET closed_through = closed_through - 1""",
    "one_invoice_per_period": "UPDATE billing_billingperiod SET state = 'closed'",
    "numbers_without_gaps": "UPDATE billing_numberseries SET next_number = 9",
    "numbers_in_order": """
        UPDATE billing_invoice SET finalized_at = finalized_at + interval '1 day'
        WHERE number = 'INV-1'""",
    "totals_are_their_lines": "UPDATE billing_invoiceline SET amount_minor = 1 WHERE kind = 'tax'",
    "tax_is_recomputed": "UPDATE billing_invoice SET tax_minor = tax_minor + 1",
    "lines_are_rounded_once": """
        UPDATE billing_invoiceline SET exact = exact + 1 WHERE kind = 'usage'""",
    "lines_belong_to_their_invoice": """
        UPDATE billing_invoiceline SET invoice_id = gen_random_uuid()""",
    "items_are_invoiced_once": """
        UPDATE billing_invoiceline SET amount_minor = amount_minor + 1 WHERE source = 'item'""",
    "nothing_carried_is_lost": """
        UPDATE billing_invoiceline SET amount_minor = amount_minor - 1
        WHERE source = 'carried_in'""",
    "charges_are_rated_usage": "UPDATE billing_pricetier SET rate = rate * 2",
    "invoices_unchanged": "UPDATE billing_invoiceline SET description = 'Something else'",
    "credit_notes_unchanged": "UPDATE billing_creditnote SET issued_on = issued_on - 1",
    "wallet_is_never_negative": """
        UPDATE billing_walletentry SET amount_minor = 1 WHERE kind = 'top_up'""",
    "prepaid_is_in_the_wallet": "DELETE FROM billing_walletentry WHERE kind = 'used'",
    "credit_notes_within_invoice": "UPDATE billing_creditnote SET amount_minor = 1000000",
    "credit_notes_are_their_lines": """
        UPDATE billing_creditnoteline SET amount_minor = amount_minor + 1""",
    "credit_notes_in_the_wallet": "UPDATE billing_creditnote SET settled_by = 'prepaid'",
    "one_push_per_invoice": "DELETE FROM billing_push WHERE invoice_id IS NOT NULL",
    "pushed_has_one_stripe_id": "UPDATE billing_push SET state = 'done', step = 'done'",
    "standing_fits_invoice": "UPDATE billing_invoicestanding SET state = 'nothing_due'",
    "money_is_conserved": "UPDATE billing_invoicestanding SET paid_minor = paid_minor + 1",
    "alerts_fire_once": """
        ALTER TABLE billing_alertfiring DROP CONSTRAINT alert_fires_once;
        INSERT INTO billing_alertfiring (tenant_id, alert_id, period_starts_on, value, threshold)
        SELECT tenant_id, alert_id, period_starts_on, value, threshold FROM billing_alertfiring""",
    "no_foreign_references": "UPDATE billing_creditnote SET invoice_id = gen_random_uuid()",
}


def broken(tenant: Tenant) -> dict[str, int]:
    with scope(tenant.pk):
        return {r.check.name: r.count for r in audit(everything=True) if not r.is_kept}


@pytest.fixture
def books(tenant: Tenant, organization: Organization, meter: Meter, invoice: Invoice) -> Invoice:
    """Rows that every promise is about: items, prepaid and carried credit, a note, a payment."""
    with scope(tenant.pk):
        WalletEntry.objects.create(
            tenant=tenant, organization=organization, kind="top_up", amount_minor=700
        )
        alert = Alert.objects.create(
            tenant=tenant, organization=organization, kind="amount", amount_minor=5
        )
        AlertFiring.objects.create(
            tenant=tenant, alert=alert, period_starts_on=SEPTEMBER, value=9, threshold=5
        )
        for amount, day in ((-90000, 3), (99000, 40)):
            OneOffItem.objects.create(
                tenant=tenant,
                organization=organization,
                description="Item",
                amount_minor=amount,
                due_on=SEPTEMBER.replace(day=3) if day == 3 else SEPTEMBER.replace(month=11),
            )
        october = SEPTEMBER.replace(month=10)
        use(organization, meter, "100", day=october, key="october")
        billed(organization, october)
        november = SEPTEMBER.replace(month=11)
        billed(organization, november)
        pay(invoice)
        issue_credit_note(
            invoice_id=invoice.pk,
            settled_by="refund",
            reason="Down for a day.",
            key=None,
            by=None,
            now=NOW,
            amount_minor=100,
        )
    return invoice


def test_audit_keeps_silent_on_sound_rows(tenant: Tenant, books: Invoice) -> None:
    assert broken(tenant) == {}


def test_audit_has_a_canary_for_each_check() -> None:
    assert set(BREAKS) == {check.name for check in all_checks()}


@pytest.fixture
def past_all_rules(superuser_connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """A connection past triggers and policies; a constraint that it drops comes back."""
    yield superuser_connection
    remove_rows(superuser_connection, ["billing_alertfiring"])
    superuser_connection.execute(
        "ALTER TABLE billing_alertfiring DROP CONSTRAINT IF EXISTS alert_fires_once, "
        "ADD CONSTRAINT alert_fires_once UNIQUE (alert_id, period_starts_on, threshold)"
    )


@pytest.mark.parametrize("name", BREAKS)
def test_audit_finds_what_was_broken(
    name: str, tenant: Tenant, books: Invoice, past_all_rules: psycopg.Connection
) -> None:
    past_all_rules.execute(BREAKS[name])

    assert broken(tenant).get(name, 0) > 0


def test_audit_sees_nothing_of_another_company(
    other_tenant: Tenant, books: Invoice, superuser_connection: psycopg.Connection
) -> None:
    superuser_connection.execute(BREAKS["one_push_per_invoice"])

    assert broken(other_tenant) == {}
