"""Explaining an invoice, asking what if, and exporting usage."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import AuditReport, Invoice, Meter, Organization, PlanVersion, Push
from billing.operations.auditing import audit_books
from billing.operations.what_if import compare, periods_to_compare
from core.models import Tenant
from core.tenancy import scope
from tests.billing.proof.rows import (
    NOW,
    SEPTEMBER,
    assign,
    close,
    make_organization,
    make_price,
    make_version,
    use,
)


def told_by(name: str, *words: str) -> str:
    out = StringIO()
    call_command(name, *words, stdout=out)
    return out.getvalue()


def test_explain_invoice_walks_the_tiers(tenant: Tenant, invoice: Invoice) -> None:
    with scope(tenant.pk):
        Push.objects.filter(invoice=invoice).update(stripe_id="in_1")

    by_number = told_by("explain_invoice", "INV-1", "--markdown")

    assert by_number == told_by("explain_invoice", "in_1", "--markdown")
    assert by_number == told_by("explain_invoice", str(invoice.pk), "--markdown")
    for sentence in (
        "- app web: 900.",
        "- app worker: 600.",
        "- Quantity 1500, 0 included, 1500 to be rated.",
        "- Tier above 0 up to 1000: 1000 x 2 = 2000 minor units.",
        "- Tier above 1000 without end: 500 x 1 = 500 minor units.",
        "- VAT 21 %, on top: 5.25 EUR.",
    ):
        assert sentence in by_number.splitlines()


def test_explain_invoice_refuses_what_it_does_not_know(invoice: Invoice) -> None:
    for odd in ("INV-2", "nothing", "a\0b", "x" * 400):
        with pytest.raises(CommandError, match="There is no invoice"):
            call_command("explain_invoice", odd)


@pytest.fixture
def dearer(tenant: Tenant, invoice: Invoice, version: PlanVersion, meter: Meter) -> PlanVersion:
    """A second version: 3 cents a second, and one more organization on the first."""
    with scope(tenant.pk):
        made = make_version(tenant)
        make_price(made, meter, (("0", None, "3"),))
        other = make_organization(tenant, "zeta")
        assign(other, version)
        use(other, meter, "10")
        close(other)
        return made


def test_what_if_rates_a_month_under_another_version(
    tenant: Tenant, dearer: PlanVersion, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    words = ("--month=2026-09", "--plan=basic", "--version=2", f"--tenant={tenant.slug}")

    told = told_by("what_if", *words, f"--csv={file}")

    with file.open() as written:
        rows = list(csv.DictReader(written))
    assert [(r["organization"], r["was_minor"], r["would_be_minor"]) for r in rows] == [
        ("acme", "2500", "4500"),
        ("zeta", "20", "30"),
    ]
    assert (
        "2 organizations: was 25.20 EUR, would be 45.30 EUR, difference 20.10 EUR; 2 would pay "
        "more, 0 less."
    ) in told
    with scope(tenant.pk):
        assert Invoice.objects.count() == 1


def test_what_if_asks_as_often_for_many_as_for_one(
    tenant: Tenant, dearer: PlanVersion, version: PlanVersion
) -> None:
    with scope(tenant.pk):
        for number in range(10):
            one = make_organization(tenant, f"more-{number}")
            assign(one, version)
            close(one)
        periods = periods_to_compare(month=SEPTEMBER, version=dearer)
        counts = []
        for some in (periods[:1], periods):
            with CaptureQueriesContext(connection) as queries:
                compare(some, dearer.pk)
            counts.append(len(queries))

    assert len(periods) == 12
    assert counts[0] == counts[1]


def test_export_usage_writes_the_same_bytes_and_goes_on(
    tenant: Tenant, invoice: Invoice, tmp_path: Path
) -> None:
    words = ("--month=2026-09", f"--tenant={tenant.slug}")
    told = told_by("export_usage", *words, f"--out={tmp_path / 'a'}")
    told_by("export_usage", *words, f"--out={tmp_path / 'b'}")
    (tmp_path / "b" / "usage-2026-09-05.csv.gz").write_bytes(b"cut")
    untouched = (tmp_path / "b" / "usage-2026-09-06.csv.gz").stat().st_mtime_ns

    told_by("export_usage", *words, f"--out={tmp_path / 'b'}")

    assert told.startswith("2 events in 30 files")
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names == {path.name for path in (tmp_path / "b").iterdir()}
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "b" / "usage-2026-09-06.csv.gz").stat().st_mtime_ns == untouched
    with gzip.open(tmp_path / "a" / "usage-2026-09-05.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    assert [(r["idempotency_key"], r["quantity"], r["dimensions"]) for r in rows] == [
        ("first", "900.000000000000", '{"app": "web"}'),
        ("second", "600.000000000000", '{"app": "worker"}'),
    ]
    listed = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert sum(one["events"] for one in listed) == 2


def test_export_usage_leaves_out_other_companies(
    other_tenant: Tenant, invoice: Invoice, tmp_path: Path
) -> None:
    told = told_by(
        "export_usage", "--month=2026-09", f"--tenant={other_tenant.slug}", f"--out={tmp_path}"
    )

    assert told.startswith("0 events")


def test_nightly_audit_remembers_what_it_found(
    tenant: Tenant, other_tenant: Tenant, invoice: Invoice
) -> None:
    sound = audit_books(tenant_id=tenant.pk, now=NOW)
    with scope(tenant.pk):
        Push.objects.all().delete()
    broken = audit_books(tenant_id=tenant.pk, now=NOW)

    assert (sound.violations, broken.violations) == ({}, {"one_push_per_invoice": 1})
    with scope(other_tenant.pk):
        assert AuditReport.objects.count() == 0


def test_billing_audit_prints_ids_and_fails(
    tenant: Tenant, organization: Organization, invoice: Invoice
) -> None:
    assert "one_push_per_invoice" in told_by("billing_audit", f"--tenant={tenant.slug}", "--full")
    with scope(tenant.pk):
        Push.objects.all().delete()

    out = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("billing_audit", "--all-tenants", "--json", stdout=out)

    assert failure.value.returncode == 1
    [told] = json.loads(out.getvalue())
    [found] = [check for check in told["checks"] if check["count"]]
    assert (found["name"], [one["id"] for one in found["findings"]]) == (
        "one_push_per_invoice",
        [str(invoice.pk)],
    )


def test_month_of_the_period_is_that_of_its_last_day(tenant: Tenant, invoice: Invoice) -> None:
    with scope(tenant.pk):
        assert invoice.period.month == date(2026, 9, 1)


def test_export_usage_says_where_it_cannot_write(tenant: Tenant, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CommandError, match=r"file: File exists\."):
        told_by(
            "export_usage", "--month=2026-09", f"--tenant={tenant.slug}", f"--out={tmp_path}/file"
        )
