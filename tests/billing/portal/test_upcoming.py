"""What is owed now, by the API: the invoice as it would be, and why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.queries.statement import statement_of
from core.models import Tenant
from core.tenancy import scope
from tests.billing.portal.conftest import Api
from tests.billing.portal.world import World

pytestmark = pytest.mark.django_db


def fill(world: World) -> None:
    """Use something of everything."""
    world.use("cpu", date(2026, 11, 3), "12000", 4, app="web", region="ams")
    world.use("cpu", date(2026, 11, 4), "2000.5", app="db", region="ams")
    world.use("requests", date(2026, 11, 4), "1001", 1, app="web")
    world.use("storage", date(2026, 11, 5), "20", app="db")


def test_upcoming_invoice_is_what_the_compile_states(world: World, api: Api) -> None:
    fill(world)
    world.item(5000, date(2026, 11, 12))
    world.tax("21")
    world.prepay(2000)
    with scope(world.tenant.pk):
        stated = statement_of(world.organization, now=world.now)

    shown = api.get("acme/upcoming-invoice/").json()

    assert [
        (line["kind"], line["source"], line["source_id"], line["amount_minor"])
        for line in shown["lines"]
    ] == [(line.kind, line.source, str(line.source_id), line.amount_minor) for line in stated.lines]
    assert [Decimal(line["exact_minor"]) for line in shown["lines"]] == [
        line.exact for line in stated.lines
    ]
    assert shown["total_minor"] == stated.total_minor
    assert sum(line["amount_minor"] for line in shown["lines"]) == shown["total_minor"]
    parts = ("net", "tax", "prepaid", "carried", "waived")
    assert sum(shown[f"{part}_minor"] for part in parts) == shown["total_minor"]
    assert (shown["net_minor"], shown["prepaid_minor"]) == (stated.net_minor, -2000)


def test_upcoming_invoice_says_as_of_when_and_until_when_usage_came(world: World, api: Api) -> None:
    fill(world)

    shown = api.get(f"{world.organization.pk}/upcoming-invoice").json()

    assert (shown["organization"], shown["currency"]) == ("acme", "EUR")
    assert shown["as_of"] == "2026-11-18T12:00:00Z"
    assert shown["usage_through"] == "2026-11-05T12:00:00Z"
    assert shown["period"] == {"starts_on": "2026-11-01", "ends_before": "2026-12-01"}
    ended = [one["period"]["starts_on"] for one in shown["ended_periods"]]
    assert ended == ["2026-08-01", "2026-09-01", "2026-10-01"]


def test_line_walks_its_tiers(world: World, api: Api) -> None:
    fill(world)

    lines = api.get("acme/upcoming-invoice/").json()["lines"]

    [cpu] = [line for line in lines if line["description"] == "CPU time"]
    assert (cpu["quantity"], cpu["exact_minor"], cpu["amount_minor"]) == (
        "14000.5",
        "5850.125",
        5850,
    )
    told = cpu["explanation"]
    assert [(one["units"], one["rate_minor"], one["exact_minor"]) for one in told["tiers"]] == [
        ("10000", "0.5", "5000"),
        ("3000.5", "0.25", "850.125"),
    ]
    assert (told["price"]["plan"], told["price"]["version"]) == ("Launch", 3)
    assert [one.replace("\N{NO-BREAK SPACE}", "_") for one in told["words"]] == [
        "Added up over these days: 14,000.5_s.",
        "Your plan includes 1,000_s in each period, so 13,000.5_s are charged.",
        "10,000 s of the first 10,000 at €0.005 each: €50.00.",
        "3,000.5 s above 10,000 at €0.0025 each plus €1.00 once: €8.50125.",
        "Price of the plan Launch, version 3, valid since 1 Jan 2026.",
        "€58.50125 is rounded once, half up, to €58.50.",
    ]


@pytest.mark.parametrize("name", ["nobody", "00000000-0000-4000-8000-000000000000", "a%00b", "é"])
def test_unknown_organization_is_not_found(world: World, api: Api, name: str) -> None:
    for path in ("upcoming-invoice/", "usage/", "invoices/", "upcoming-invoice.pdf"):
        answer = api.get(f"{name}/{path}")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_foreign_organization_is_not_found(
    world: World, other_world: World, other_tenant: Tenant, api: Api
) -> None:
    fill(other_world)

    foreign = api.get(f"{other_world.organization.pk}/upcoming-invoice/")

    assert foreign.status_code == 404
    assert api.get("acme/upcoming-invoice/").json()["total_minor"] == 3400
    own = Api(other_tenant).get("acme/upcoming-invoice/").json()
    assert own["total_minor"] == 3400 + 5850 - 500 + 500 + 14


def test_key_without_the_scope_is_refused(world: World, tenant: Tenant) -> None:
    answer = Api(tenant, "usage:write").get("acme/upcoming-invoice/")

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_more_lines_take_no_more_statements(world: World, api: Api) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert api.get("acme/upcoming-invoice/").status_code == 200
        return len(queries)

    world.use("cpu", date(2026, 11, 3), "12000", app="web", region="ams")
    count()
    before = count()
    for day in range(1, 18):
        world.item(100 + day, date(2026, 11, day), f"Item {day}")
        world.use("requests", date(2026, 11, day), "1001", 1, app=f"app-{day}")

    assert count() == before
    assert before <= 15
