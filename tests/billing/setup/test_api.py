"""The set-up of billing for programs: each step by id and by code, and every refusal in place."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Meter, OneOffItem, Organization, PlanVersion
from billing.operations.organizations import make_organization
from core.models import Tenant
from core.tenancy import scope
from tests.billing.setup.conftest import NOW, published, used
from tests.subscriptions.programs import Program, program

pytestmark = pytest.mark.django_db
# The same in each process that collects the tests.
NOBODY = "7681c6e0-5fb0-4068-b484-a57f4da040a8"
ACME = {"code": "acme", "name": "Acme", "currency": "eur", "time_zone": "Europe/Berlin"}
KEY = {"Idempotency-Key": "key-1"}


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json() if answer.content else None


def refused(answer: Any) -> tuple[int, list[str]]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    errors = answer.json()["errors"]
    places = [e.get("pointer") or e.get("header") or e.get("parameter") for e in errors]
    return answer.status_code, places


def test_company_is_set_up_from_nothing(api: Program) -> None:
    tax = ok(api.call("POST", "/api/tax-rates/", {"name": "VAT", "percentage": "19"}), 201)
    made = ok(api.call("POST", "/api/organizations/", {**ACME, "tax_rate": tax["id"]}), 201)
    meter = {
        "code": "requests", "name": "Requests", "aggregation": "sum", "dimensions": ["region"],
    }  # fmt: skip
    ok(api.call("POST", "/api/meters/", meter), 201)
    ok(api.call("POST", "/api/plans/", {"code": "pro", "name": "Pro", "currency": "EUR"}), 201)
    version = ok(api.call("POST", "/api/plans/pro/versions/", {"note": "first"}), 201)
    path = f"/api/plan-versions/{version['id']}/"
    price = {
        "meter": "requests", "model": "graduated", "included": "1000",
        "tiers": [{"up_to": "10000", "rate": "0.05", "flat": "100"}, {"rate": "0.000000000001"}],
    }  # fmt: skip
    put = ok(api.call("POST", f"{path}prices/", price), 201)
    exception = {
        "meter": "requests", "model": "per_unit", "rate": "2", "filter_dimension": "region",
        "filter_value": "syd",
    }  # fmt: skip
    ok(api.call("POST", f"{path}prices/", exception), 201)
    fee = {"name": "Platform", "amount_minor": 4900, "timing": "advance"}
    ok(api.call("POST", f"{path}fees/", fee), 201)
    shown = ok(api.call("POST", f"{path}publish/"))
    plan = {"version": version["id"], "starts_on": "2026-11-01"}
    held = ok(api.call("POST", "/api/organizations/acme/assignments/", plan), 201)
    change = {"meter": "requests", "model": "per_unit", "rate": "3", "from_on": "2100-01-01"}
    changed = ok(api.call("POST", f"{path}price-changes/", change), 201)
    plans = ok(api.call("GET", "/api/plans/"))["items"]

    assert (made["currency"], made["tax_rate"], made["state"]) == ("EUR", tax["id"], "active")
    assert put["tiers"] == [
        {"above": "0", "up_to": "10000", "rate": "0.05", "flat": "100"},
        {"above": "10000", "up_to": None, "rate": "0.000000000001", "flat": "0"},
    ]
    assert (shown["plan"], shown["number"], len(shown["prices"])) == ("pro", 1, 2)
    assert shown["fees"][0]["amount_minor"] == 4900
    assert (held["plan"], held["number"], held["ends_on"]) == ("pro", 1, None)
    assert (changed["starts_on"], changed["ends_on"]) == ("2100-01-01", None)
    assert plans[0]["versions"][0]["id"] == version["id"]
    assert ok(api.call("GET", f"/api/organizations/{made['id']}/"))["code"] == "acme"


def test_organization_is_changed_by_its_etag(api: Program, acme: Organization) -> None:
    shown = api.call("GET", "/api/organizations/acme/")
    etag = shown["ETag"]

    changed = api.call("PATCH", "/api/organizations/acme/", {"name": "A"}, **{"If-Match": etag})
    stale = api.call("PATCH", "/api/organizations/acme/", {"name": "B"}, **{"If-Match": etag})
    closed = api.call("POST", "/api/organizations/acme/close/")
    again = api.call("POST", "/api/organizations/acme/close/")
    opened = api.call("POST", "/api/organizations/acme/reopen/")

    assert (etag, changed["ETag"]) == ('"v1"', '"v2"')
    assert (stale.status_code, closed.json()["state"]) == (412, "closed")
    assert (again.status_code, again.json()["code"]) == (409, "organization_closed")
    assert opened.json()["state"] == "active"


def test_frozen_fields_are_pointed_at(api: Program, acme: Organization, requests: Meter) -> None:
    used(acme, requests, 1)

    answer = api.call("PATCH", "/api/organizations/acme/", {"currency": "USD", "anchor_day": 5})

    assert refused(answer) == (400, ["#/currency", "#/anchor_day"])
    assert {e["code"] for e in answer.json()["errors"]} == {"frozen"}


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("organizations", [], ["#"]),
        ("organizations", {}, ["#/code", "#/name", "#/currency", "#/time_zone"]),
        ("organizations", {**ACME, "payer": {"email": "x"}}, ["#/payer/email"]),
        ("organizations", {**ACME, "payer": []}, ["#/payer"]),
        ("organizations", {**ACME, "code": "a b"}, ["#/code"]),
        ("organizations", {**ACME, "code": "a\0"}, ["#/code"]),
        ("organizations", {**ACME, "currency": "BTC"}, ["#/currency"]),
        ("organizations", {**ACME, "anchor_day": 99}, ["#/anchor_day"]),
        ("organizations", {**ACME, "anchor_day": 10**30}, ["#/anchor_day"]),
        ("organizations", {**ACME, "net_days": "14"}, ["#/net_days"]),
        ("organizations", {**ACME, "billing_starts_on": "0000-01-01"}, ["#/billing_starts_on"]),
        ("organizations", {**ACME, "billing_starts_on": "9999-12-31"}, ["#/billing_starts_on"]),
        (
            "organizations",
            {**ACME, "tax_rate": NOBODY},
            ["#/tax_rate"],
        ),
        ("organizations", {**ACME, "tax_rate": "x"}, ["#/tax_rate"]),
        ("organizations", {**ACME, "closed_through": "2026-01-01"}, ["#/closed_through"]),
        ("meters", {"code": "m", "name": "M", "aggregation": "mean"}, ["#/aggregation"]),
        (
            "meters",
            {"code": "m", "name": "M", "aggregation": "sum", "dimensions": "x"},
            ["#/dimensions"],
        ),
        (
            "meters",
            {"code": "m", "name": "M", "aggregation": "sum", "dimensions": ["a b"]},
            ["#/dimensions/0"],
        ),
        ("plans", {"code": "p", "name": "P", "currency": 5}, ["#/currency"]),
        ("tax-rates", {"name": "T", "percentage": "NaN"}, ["#/percentage"]),
        ("tax-rates", {"name": "T", "percentage": "101"}, ["#/percentage"]),
    ],
)
def test_odd_bodies_are_refused_in_place(
    api: Program, path: str, body: Any, pointers: list[str]
) -> None:
    answer = api.call("POST", f"/api/{path}/", body)

    assert refused(answer) == (400, pointers)


TIERS = [{"up_to": "5", "rate": "1"}, {"rate": "1"}]


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"meter": "nothing"}, ["#/meter"]),
        ({"meter": 5}, ["#/meter"]),
        ({"rate": "1"}, ["#/tiers"]),
        ({"tiers": [{"up_to": "5", "rate": "1"}]}, ["#/tiers/0/up_to"]),
        ({"tiers": [{"rate": "-1"}]}, ["#/tiers/0/rate"]),
        ({"tiers": [{"rate": "NaN"}]}, ["#/tiers/0/rate"]),
        ({"tiers": [{"rate": "0.0000000000001"}]}, ["#/tiers/0/rate"]),
        ({"tiers": [{"rate": True}]}, ["#/tiers/0/rate"]),
        ({"tiers": [{"price": "1"}]}, ["#/tiers/0/price"]),
        ({"tiers": {}}, ["#/tiers"]),
        ({"tiers": []}, ["#/tiers"]),
        ({"included": "-5"}, ["#/included"]),
        ({"model": "package"}, ["#/package_size"]),
        ({"filter_dimension": "planet", "filter_value": "x"}, ["#/filter_dimension"]),
        ({"starts_on": "2026-02-30"}, ["#/starts_on"]),
        ({"starts_on": "2026-02-03", "ends_on": "2026-02-03"}, ["#/ends_on"]),
        ({"starts_on": "9999-12-31"}, ["#/starts_on"]),
    ],
)
def test_odd_prices_are_refused_in_place(
    api: Program, version: PlanVersion, change: dict[str, Any], pointers: list[str]
) -> None:
    draft = ok(api.call("POST", "/api/plans/pro/versions/", {}), 201)
    body = {"meter": "requests", "model": "graduated", "tiers": TIERS, **change}

    answer = api.call("POST", f"/api/plan-versions/{draft['id']}/prices/", body)

    assert refused(answer) == (400, pointers)


def test_published_version_answers_409(api: Program, version: PlanVersion) -> None:
    path = f"/api/plan-versions/{version.pk}/"
    price = ok(api.call("GET", path))["prices"][0]["id"]
    body = {"meter": "requests", "model": "per_unit", "rate": "1"}

    answers = [
        api.call("POST", f"{path}prices/", body),
        api.call("POST", f"{path}fees/", {"name": "F", "amount_minor": 1, "timing": "arrears"}),
        api.call("POST", f"{path}publish/"),
        api.call("DELETE", path),
        api.call("DELETE", f"/api/prices/{price}/"),
    ]
    past = api.call("POST", f"{path}price-changes/", {**body, "from_on": "2020-01-01"})
    ended = api.call("PATCH", f"/api/prices/{price}/", {"ends_on": "2100-01-01"})

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(409, "version_published")}
    assert refused(past) == (400, ["#/from_on"])
    assert ok(ended)["ends_on"] == "2100-01-01"


def test_plans_of_an_organization(
    api: Program, tenant: Tenant, acme: Organization, version: PlanVersion, requests: Meter
) -> None:
    other = published(tenant, requests, "other")
    path = "/api/organizations/acme/assignments/"
    body = {"version": str(version.pk), "starts_on": "2026-09-01"}

    first = ok(api.call("POST", path, body), 201)
    overlap = api.call("POST", path, {**body, "starts_on": "2026-10-01"})
    unknown = api.call("POST", path, {**body, "version": str(uuid4())})
    switched = {"version": str(other.pk), "starts_on": "2026-10-15", "replaces": True}
    second = ok(api.call("POST", path, switched), 201)
    again = api.call("POST", path, switched)
    ended = ok(api.call("PATCH", f"{path}{second['id']}/", {"ends_on": "2027-01-01"}))
    gone = api.call("DELETE", f"{path}{first['id']}/")
    listed = ok(api.call("GET", path))["items"]

    assert refused(overlap) == (400, ["#/starts_on"])
    assert refused(unknown) == (400, ["#/version"])
    assert (again.status_code, again.json()["code"]) == (409, "plan_held_already")
    assert (gone.status_code, ended["ends_on"]) == (204, "2027-01-01")
    assert [(row["plan"], row["starts_on"]) for row in listed] == [("other", "2026-10-15")]


def test_item_needs_a_key_and_is_one_for_it(api: Program, acme: Organization) -> None:
    path = "/api/organizations/acme/items/"
    body = {"description": "Set-up", "amount_minor": 5000}

    without = api.call("POST", path, body)
    first = ok(api.call("POST", path, body, **KEY), 201)
    again = api.call("POST", path, body, **KEY)
    other = api.call("POST", path, {**body, "amount_minor": 1}, **KEY)
    long_key = api.call("POST", path, body, **{"Idempotency-Key": "x" * 201})
    cancelled = ok(api.call("DELETE", f"{path}{first['id']}/"))
    twice = api.call("DELETE", f"{path}{first['id']}/")

    with scope(acme.tenant_id):
        assert OneOffItem.objects.count() == 1
    assert refused(without) == (400, ["Idempotency-Key"])
    assert (ok(again, 201)["id"], again["Idempotent-Replayed"]) == (first["id"], "true")
    assert other.status_code == 422
    assert refused(long_key) == (400, ["Idempotency-Key"])
    assert cancelled["cancelled_at"] is not None
    assert (twice.status_code, twice.json()["code"]) == (409, "item_cancelled")


def test_key_stays_with_the_item_for_other_callers(
    api: Program, tenant: Tenant, acme: Organization
) -> None:
    path = "/api/organizations/acme/items/"
    colleague = program(tenant, "billing:read", "billing:write")
    body = {"description": "Set-up", "amount_minor": 5000}

    first = ok(api.call("POST", path, body, **KEY), 201)
    same = ok(colleague.call("POST", path, body, **KEY), 201)
    other = colleague.call("POST", path, {**body, "amount_minor": 1}, **KEY)

    assert first["id"] == same["id"]
    assert refused(other) == (422, ["Idempotency-Key"])


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"description": "x", "amount_minor": 0}, ["#/amount_minor"]),
        ({"description": "x", "amount_minor": 1.5}, ["#/amount_minor"]),
        ({"description": "x", "amount_minor": 10**40}, ["#/amount_minor"]),
        ({"description": "", "amount_minor": 5}, ["#/description"]),
        ({"description": "x", "amount_minor": 5, "due_on": "9999-12-31"}, ["#/due_on"]),
        ({"description": "x", "amount_minor": 5, "currency": "EUR"}, ["#/currency"]),
    ],
)
def test_odd_items_are_refused_in_place(
    api: Program, acme: Organization, body: Any, pointers: list[str]
) -> None:
    answer = api.call("POST", "/api/organizations/acme/items/", body, **KEY)

    assert refused(answer) == (400, pointers)


def test_wallet_is_filled_and_emptied(api: Program, acme: Organization) -> None:
    path = "/api/organizations/acme/wallet/"

    def move(kind: str, amount: Any, key: str) -> Any:
        body = {"kind": kind, "amount_minor": amount}
        return api.call("POST", f"{path}entries/", body, **{"Idempotency-Key": key})

    ok(move("top_up", 1000, "a"), 201)
    ok(move("grant", 500, "b"), 201)
    too_much = move("withdrawn", 1501, "c")
    taken = ok(move("withdrawn", 1400, "d"), 201)
    odd = [refused(move("used", 1, "e")), refused(move("grant", -1, "f"))]
    entries = ok(api.call("GET", f"{path}entries/"))["items"]

    assert ok(api.call("GET", path)) == {
        "currency": "EUR", "balance_minor": 100, "held_minor": 0, "available_minor": 100,
    }  # fmt: skip
    assert (too_much.status_code, too_much.json()["code"]) == (409, "wallet_too_low")
    assert (taken["amount_minor"], taken["kind"]) == (-1400, "withdrawn")
    assert odd == [(400, ["#/kind"]), (400, ["#/amount_minor"])]
    assert [entry["kind"] for entry in entries] == ["withdrawn", "grant", "top_up"]


def test_alerts_and_limit(
    api: Program, acme: Organization, version: PlanVersion, requests: Meter
) -> None:
    path = "/api/organizations/acme/"
    body = {"kind": "usage", "meter": "requests", "quantity": "10.5"}

    made = ok(api.call("POST", f"{path}alerts/", body), 201)
    odd = api.call("POST", f"{path}alerts/", {**body, "meter": "nothing"})
    none = ok(api.call("GET", f"{path}limit/"))
    limit = ok(api.call("PUT", f"{path}limit/", {"amount_minor": 500}))
    bad = api.call("PUT", f"{path}limit/", {"amount_minor": 0})
    ended = api.call("DELETE", f"{path}alerts/{made['id']}/")
    twice = api.call("DELETE", f"{path}alerts/{made['id']}/")
    away = ok(api.call("PUT", f"{path}limit/", {"amount_minor": None}))

    assert (made["meter"], made["quantity"]) == ("requests", "10.5")
    assert refused(odd) == (400, ["#/meter"])
    assert (none["limit_minor"], none["is_over_limit"], none["owed_minor"]) == (None, False, 0)
    assert (limit["limit_minor"], limit["currency"]) == (500, "EUR")
    assert refused(bad) == (400, ["#/amount_minor"])
    assert (ended.status_code, twice.status_code) == (204, 409)
    assert away["limit_minor"] is None


PATHS = [
    ("GET", ""), ("PATCH", ""), ("POST", "close/"), ("GET", "assignments/"), ("GET", "items/"),
    ("GET", "wallet/"), ("GET", "wallet/entries/"), ("GET", "alerts/"), ("GET", "limit/"),
    ("PUT", "limit/"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "tail"), PATHS)
def test_another_company_finds_nothing(
    acme: Organization, other_tenant: Tenant, method: str, tail: str
) -> None:
    stranger = program(other_tenant, "billing:read", "billing:write")
    body = {"amount_minor": 5} if method == "PUT" else {}

    by_code = stranger.call(method, f"/api/organizations/acme/{tail}", body)
    by_id = stranger.call(method, f"/api/organizations/{acme.pk}/{tail}", body)

    assert (by_code.status_code, by_id.status_code) == (404, 404)


@pytest.mark.parametrize("name", ["%00", "x" * 300, "ü", "%F0%9F%8D%BA", "a%20b", NOBODY])
def test_odd_names_are_not_found(api: Program, name: str) -> None:
    assert api.call("GET", f"/api/organizations/{name}/").status_code == 404
    assert api.call("GET", f"/api/meters/{name}/").status_code == 404
    assert api.call("GET", f"/api/plans/{name}/").status_code == 404


def test_rows_of_one_organization_are_not_reached_by_another(
    api: Program, tenant: Tenant, acme: Organization
) -> None:
    with scope(tenant.pk):
        make_organization(**{**ACME, "code": "beta", "currency": "EUR"}, now=NOW)
    item = ok(
        api.call(
            "POST",
            "/api/organizations/acme/items/",
            {"description": "x", "amount_minor": 5},
            **KEY,
        ),
        201,
    )

    answer = api.call("DELETE", f"/api/organizations/beta/items/{item['id']}/")

    assert answer.status_code == 404


def test_reading_needs_no_right_to_write(tenant: Tenant, acme: Organization) -> None:
    reader = program(tenant, "billing:read")

    read = reader.call("GET", "/api/organizations/acme/")
    write = reader.call("PATCH", "/api/organizations/acme/", {"name": "x"})

    assert (read.status_code, write.status_code) == (200, 403)


@pytest.mark.parametrize(
    "path",
    [
        "/api/organizations/", "/api/organizations/acme/items/", "/api/plans/",
        "/api/plans/pro/versions/", "/api/organizations/acme/wallet/entries/", "/api/meters/",
    ],
)  # fmt: skip
def test_lists_take_as_many_queries_for_thirty_rows(
    api: Program, acme: Organization, version: PlanVersion, path: str
) -> None:
    def add(number: int) -> None:
        key = {"Idempotency-Key": f"{path}{number}"}
        bodies = {
            "/api/organizations/": {**ACME, "code": f"o{number}"},
            "/api/organizations/acme/items/": {"description": "x", "amount_minor": 1},
            "/api/plans/": {"code": f"p{number}", "name": "P", "currency": "EUR"},
            "/api/plans/pro/versions/": {"copy_from": str(version.pk)},
            "/api/organizations/acme/wallet/entries/": {"kind": "grant", "amount_minor": 1},
            "/api/meters/": {"code": f"m{number}", "name": "M", "aggregation": "sum"},
        }
        ok(api.call("POST", path, bodies[path], **key), 201)

    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            ok(api.call("GET", f"{path}?limit=50"))
        return len(counted)

    add(0)
    queries()
    one = queries()
    for number in range(1, 30):
        add(number)

    assert queries() == one
