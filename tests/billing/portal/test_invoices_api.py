"""Invoices by the API: the list, one with its lines, and files that are exact."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from billing.models import InvoiceLine
from core.tenancy import scope
from tests.billing.portal.conftest import Api
from tests.billing.portal.world import World

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-4000-8000-000000000000"


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_list_shows_what_became_of_invoices(world: World, api: Api) -> None:
    world.invoice(date(2026, 9, 5), state="paid", number="TAP-1")
    world.invoice(date(2026, 10, 5), number="TAP-2", hosted_url="https://invoice.stripe.com/i/x")

    newest, oldest = api.get("acme/invoices/").json()["items"]

    assert (newest["number"], newest["standing"], newest["open_minor"], newest["pay_url"]) == (
        "TAP-2",
        "open",
        1250,
        "https://invoice.stripe.com/i/x",
    )
    assert (oldest["number"], oldest["standing"], oldest["open_minor"], oldest["pay_url"]) == (
        "TAP-1",
        "paid",
        0,
        "",
    )
    assert oldest["paid_at"] == "2026-11-18T12:00:00Z"


def test_list_is_filtered_by_state_and_days(world: World, api: Api) -> None:
    world.invoice(date(2026, 9, 5), number="TAP-1")
    world.invoice(date(2026, 10, 5), lifecycle="draft")

    def numbers(query: str) -> list[str | None]:
        return [one["number"] for one in api.get(f"acme/invoices/?{query}").json()["items"]]

    assert numbers("state=draft") == [None]
    assert numbers("state=final") == ["TAP-1"]
    assert numbers("from=2026-10-01") == [None]
    assert numbers("to=2026-09-30") == ["TAP-1"]
    assert api.get("acme/invoices/?state=lost").status_code == 400
    assert api.get("acme/invoices/?from=tomorrow").status_code == 400


def test_list_takes_as_many_statements_for_thirty_as_for_one(world: World, api: Api) -> None:
    world.change(billing_starts_on=date(2024, 1, 1))

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert api.get("acme/invoices/?limit=100").status_code == 200
        return len(queries)

    world.invoice(date(2024, 1, 5))
    count()
    before = count()
    for month in range(29):
        year, at = divmod(1 + month, 12)
        world.invoice(date(2024 + year, at + 1, 5))

    assert count() == before
    assert len(api.get("acme/invoices/?limit=100").json()["items"]) == 30


@pytest.mark.parametrize("by", ["number", "id"])
def test_invoice_shows_its_lines_and_why(world: World, api: Api, by: str) -> None:
    line = world.line(
        "usage", 9001, date(2026, 10, 1), source_id=world.prices["cpu"].pk, quantity=20000,
        unit="s", exact=Decimal("9000.5"), description="CPU time",
    )  # fmt: skip
    invoice = world.invoice(date(2026, 10, 5), [line], number="TAP-2")

    shown = api.get(f"acme/invoices/{invoice.number if by == 'number' else invoice.pk}/").json()

    assert (shown["number"], shown["total_minor"], shown["content_sha256"]) == (
        "TAP-2",
        9001,
        "ab" * 32,
    )
    [only] = shown["lines"]
    assert (only["quantity"], only["exact_minor"], only["amount_minor"]) == (
        "20000",
        "9000.5",
        9001,
    )
    assert only["explanation"]["price"]["version"] == 3


def test_late_line_tells_what_was_invoiced_before(world: World, api: Api) -> None:
    cpu = world.prices["cpu"].pk
    september = {
        "source_id": cpu, "charged_from": date(2026, 9, 1), "starts_on": date(2026, 9, 1),
        "ends_on": date(2026, 10, 1), "unit": "s", "description": "CPU time",
    }  # fmt: skip
    first = world.line("usage", 500, date(2026, 9, 1), **{**september, "quantity": 2000})
    world.invoice(date(2026, 9, 5), [first], number="TAP-1")
    late = world.line("late", 250, date(2026, 9, 1), **{**september, "quantity": 500})
    world.invoice(date(2026, 10, 5), [late], number="TAP-2")

    [line] = api.get("acme/invoices/TAP-2/").json()["lines"]

    told = line["explanation"]
    assert (told["quantity"], told["invoiced_before_minor"]) == ("2500", 500)
    assert told["words"][0] == (
        "This is for 1 to 30 Sep 2026: usage of that period was reported or corrected, or its "
        "price changed, after it was invoiced."
    )
    assert told["words"][-1] == (
        "In all that costs €7.50; €5.00 of it was invoiced before, so this line adds €2.50."
    )


@pytest.mark.parametrize(
    "name", ["TAP-9", "%00", "00000000-0000-4000-8000-000000000000", "x" * 300]
)
def test_unknown_invoice_is_not_found(world: World, api: Api, name: str) -> None:
    for ending in ("/", ".pdf", ".csv"):
        assert api.get(f"acme/invoices/{name}{ending}").status_code == 404


def test_invoice_of_another_organization_is_not_found(
    world: World, other_world: World, api: Api
) -> None:
    foreign = other_world.invoice(date(2026, 10, 5), number="OTH-1")

    for name in ("OTH-1", foreign.pk):
        assert api.get(f"acme/invoices/{name}/").status_code == 404
        assert api.get(f"acme/invoices/{name}.pdf").status_code == 404


def test_csv_holds_exact_numbers_and_no_formulas(world: World, api: Api) -> None:
    lines = [
        world.line("usage", 301962, date(2026, 10, 1), description="=cmd|' /C calc'!A0",
                   quantity=Decimal("301962.625000000001"), exact=Decimal("301961.9999"), unit="s"),
        world.line("credit", -1500, date(2026, 10, 1), description="Goodwill"),
    ]  # fmt: skip
    world.invoice(date(2026, 10, 5), lines, number="TAP-2")

    usage, credit = read(api.get("acme/invoices/TAP-2.csv").content)

    assert usage["description"] == "'=cmd|' /C calc'!A0"
    assert (usage["quantity"], usage["exact_minor"]) == ("301962.625000000001", "301961.9999")
    assert (usage["amount_minor"], usage["amount"]) == ("301962", "3019.62")
    assert (credit["amount_minor"], credit["amount"], credit["currency"]) == (
        "-1500",
        "-15.00",
        "EUR",
    )
    assert (usage["starts_on"], usage["ends_before"]) == ("2026-10-01", "2026-11-01")


def test_pdf_says_who_owes_what_and_how_to_verify_it(world: World, api: Api) -> None:
    world.change(payer={"name": "Żółtko Ωμέγα", "line1": "Кирова 1", "tax_id": "NL1"})
    lines = [
        world.line("usage", 1250, date(2026, 10, 1), product="Compute", description="CPU time"),
        world.line("tax", 263, date(2026, 10, 1), description="VAT 21 %"),
    ]
    world.invoice(date(2026, 10, 5), lines, number="TAP-2", hosted_url="https://pay.example/i/2")

    answer = api.get("acme/invoices/TAP-2.pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="invoice-TAP-2.pdf"'
    [page] = PdfReader(io.BytesIO(answer.content)).pages
    text = " ".join(page.extract_text().split())
    for said in (
        "Invoice TAP-2", "Żółtko Ωμέγα", "Кирова 1", "Tax id NL1", "1 to 31 Oct 2026", "Compute",
        "CPU time", "€12.50", "VAT 21 %", "Total in EUR €15.13", "https://pay.example/i/2",
        "ab" * 32, "manage.py prove_invoice TAP-2",
    ):  # fmt: skip
        assert said in text


def test_preview_says_that_it_is_no_invoice(world: World, api: Api) -> None:
    world.use("cpu", date(2026, 11, 3), "2000", app="web")

    answer = api.get("acme/upcoming-invoice.pdf")
    rows = read(api.get("acme/upcoming-invoice.csv").content)

    [page] = PdfReader(io.BytesIO(answer.content)).pages
    text = " ".join(page.extract_text().split())
    assert "as of 18 Nov 2026, 13:00 CET. It is no invoice" in text
    assert {row["invoice"] for row in rows} == {"preview"}
    assert sum(int(row["amount_minor"]) for row in rows) == 2900 + 500 + 500


def test_events_of_a_line_are_those_it_was_counted_from(world: World, api: Api) -> None:
    world.use("cpu", date(2026, 10, 3), "30", 3, app="web")
    world.use("cpu", date(2026, 11, 1), "99", 1, app="web")
    world.use("requests", date(2026, 10, 3), "1", 1, app="web")
    cpu = world.prices["cpu"].pk
    line = world.line("usage", 0, date(2026, 10, 1), source_id=cpu, quantity=30)
    invoice = world.invoice(date(2026, 10, 5), [line], number="TAP-2")
    with scope(world.tenant.pk):
        row = InvoiceLine.objects.get(invoice=invoice)

    events = read(api.get(f"acme/invoices/TAP-2/lines/{row.pk}/events.csv").getvalue())

    assert [(one["quantity"], one["meter"], one["dimensions"]) for one in events] == [
        ("10", "cpu-acme", "app=web")
    ] * 3
    unknown = "00000000-0000-4000-8000-000000000000"
    assert api.get(f"acme/invoices/TAP-2/lines/{unknown}/events.csv").status_code == 404
