"""Proving an invoice: all agrees, and what was tampered with is found."""

from __future__ import annotations

from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command

from billing.models import BillingPeriod, Invoice, Meter, Organization
from billing.queries.proof import prove
from core.models import Tenant
from core.tenancy import scope
from tests.billing.proof.rows import NOW, use


def prove_all(tenant: Tenant) -> str:
    out = StringIO()
    call_command("prove_invoice", "--all", "--tenant", tenant.slug, stdout=out)
    return out.getvalue()


def test_prove_invoice_tells_line_by_line(tenant: Tenant, invoice: Invoice) -> None:
    told = prove_all(tenant).splitlines()

    assert told[0] == f"Invoice INV-1 ({invoice.pk}), EUR"
    assert told[2:] == [
        "  agrees  sum of the lines: 3025, reckoned 3025",
        "  agrees  number of lines: 2, reckoned 2",
        "  agrees  charges before tax: 2500, reckoned 2500",
        "  agrees  tax: 525, reckoned 525",
        "  agrees  line 1: CPU: 2500, reckoned 2500 (2 events)",
        "1 invoices: 1 proven, 0 differ.",
    ]


@pytest.mark.parametrize(
    ("tampering", "different"),
    [
        ("UPDATE billing_invoiceline SET description = 'x'", ["content hash"]),
        (
            "UPDATE billing_invoiceline SET amount_minor = 2400 WHERE source = 'usage'",
            ["content hash", "sum of the lines", "charges before tax", "line 1: CPU"],
        ),
        ("UPDATE billing_invoice SET total_minor = 1", ["content hash", "sum of the lines"]),
        ("UPDATE billing_invoice SET tax_minor = 1", ["content hash", "tax"]),
        (
            "UPDATE billing_usageevent SET quantity = 800 WHERE idempotency_key = 'first'",
            ["line 1: CPU"],
        ),
        ("DELETE FROM billing_usageevent WHERE idempotency_key = 'second'", ["line 1: CPU"]),
        ("UPDATE billing_pricetier SET rate = 3", ["line 1: CPU"]),
    ],
)
def test_prove_invoice_finds_what_was_tampered_with(
    tampering: str,
    different: list[str],
    tenant: Tenant,
    invoice: Invoice,
    superuser_connection: psycopg.Connection,
) -> None:
    superuser_connection.execute(tampering)

    with scope(tenant.pk):
        steps = prove(Invoice.objects.get(pk=invoice.pk))

    assert [step.what for step in steps if step.agrees is False] == different
    with pytest.raises(CommandError) as failure:
        prove_all(tenant)
    assert failure.value.returncode == 1


def test_prove_invoice_waits_for_a_late_event(
    tenant: Tenant, organization: Organization, meter: Meter, invoice: Invoice
) -> None:
    with scope(tenant.pk):
        use(organization, meter, "10", key="late")
        BillingPeriod.objects.update(recheck_at=NOW)

    told = prove_all(tenant)

    assert "waits   line 1: CPU: 2500, reckoned 2510 (usage or prices changed;" in told


def test_prove_invoice_takes_the_number_and_refuses_others(
    tenant: Tenant, other_tenant: Tenant, invoice: Invoice
) -> None:
    call_command("prove_invoice", "INV-1", "--tenant", tenant.slug, stdout=StringIO())

    with pytest.raises(CommandError, match="no invoice INV-1"):
        call_command("prove_invoice", "INV-1", "--tenant", other_tenant.slug)
    with pytest.raises(CommandError, match="no invoice INV-9"):
        call_command("prove_invoice", "INV-9", "--tenant", tenant.slug)
