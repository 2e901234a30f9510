"""Pages go on where the last one ended, whatever happens meanwhile."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from core import tenancy
from core.api.pagination import write_cursor
from core.models import Team, Tenant


def make_teams(tenant: Tenant, count: int, at: datetime | None = None) -> None:
    with tenancy.scope(tenant.pk):
        Team.objects.bulk_create(
            Team(tenant=tenant, name=f"Team {number:03}", **({"created_at": at} if at else {}))
            for number in range(count)
        )


def all_pages(api: Client, address: str) -> list[list[str]]:
    pages = []
    found: str | None = address
    while found:
        body = api.get(found).json()
        pages.append([team["name"] for team in body["items"]])
        found = body["next"]
    return pages


def test_pages_hold_all_rows_once_though_all_were_made_at_once(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 7, datetime(2026, 1, 1, tzinfo=UTC))

    pages = all_pages(api, "/api/teams/?limit=3")

    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(name for page in pages for name in page) == [
        f"Team {number:03}" for number in range(7)
    ]


def test_newest_comes_first(api: Client, tenant: Tenant) -> None:
    with tenancy.scope(tenant.pk):
        for day in (2, 3, 1):
            at = datetime(2026, 1, day, tzinfo=UTC)
            Team.objects.create(tenant=tenant, name=str(day), created_at=at)

    assert all_pages(api, "/api/teams/?limit=2") == [["3", "2"], ["1"]]


def test_rows_made_and_removed_meanwhile_shift_nothing(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 4, datetime(2026, 1, 1, tzinfo=UTC))
    first = api.get("/api/teams/?limit=2").json()

    with tenancy.scope(tenant.pk):
        Team.objects.filter(name=first["items"][0]["name"]).delete()
        Team.objects.create(tenant=tenant, name="New")
    second = api.get(first["next"]).json()

    seen = [team["name"] for team in first["items"] + second["items"]]
    assert sorted(seen) == [f"Team {number:03}" for number in range(4)]


def all_pages_back(api: Client, address: str) -> list[list[str]]:
    """Walk to the last page, then back to the first; returns the pages in the list's order."""
    body = api.get(address).json()
    while body["next"]:
        body = api.get(body["next"]).json()
    pages = [body["items"]]
    while body["previous"]:
        body = api.get(body["previous"]).json()
        pages.insert(0, body["items"])
    return [[team["name"] for team in page] for page in pages]


def test_way_back_shows_the_same_pages(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 6, datetime(2026, 1, 1, tzinfo=UTC))

    there = all_pages(api, "/api/teams/?limit=2")
    back = all_pages_back(api, "/api/teams/?limit=2")

    assert [len(page) for page in back] == [2, 2, 2]
    assert back == there


def test_first_page_has_no_previous(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 3)

    first = api.get("/api/teams/?limit=2").json()
    again = api.get(api.get(first["next"]).json()["previous"]).json()

    assert (first["previous"], again["previous"]) == (None, None)
    assert (again["items"], again["next"]) == (first["items"], first["next"])


def test_rows_made_meanwhile_lie_before_the_page_that_was_first(
    api: Client, tenant: Tenant
) -> None:
    make_teams(tenant, 3, datetime(2026, 1, 1, tzinfo=UTC))
    first = api.get("/api/teams/?limit=2").json()
    second = api.get(first["next"]).json()

    with tenancy.scope(tenant.pk):
        Team.objects.create(tenant=tenant, name="New")
    back = api.get(second["previous"]).json()
    newest = api.get(back["previous"]).json()

    assert back["items"] == first["items"]
    assert [team["name"] for team in newest["items"]] == ["New"]


def test_way_back_to_rows_that_are_gone_leads_to_the_beginning(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 3, datetime(2026, 1, 1, tzinfo=UTC))
    first = api.get("/api/teams/?limit=2").json()
    second = api.get(first["next"]).json()

    with tenancy.scope(tenant.pk):
        Team.objects.filter(name__in=[team["name"] for team in first["items"]]).delete()
    gone = api.get(second["previous"]).json()

    assert (gone["items"], gone["previous"]) == ([], None)
    assert api.get(gone["next"]).json()["items"] == second["items"]


def test_last_page_of_exact_size_has_no_next(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 4)

    assert [len(page) for page in all_pages(api, "/api/teams/?limit=2")] == [2, 2]


def test_next_keeps_the_filters(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 3)

    body = api.get("/api/teams/?limit=1&made_after=2020-01-01T00:00:00Z").json()

    assert "made_after=2020-01-01T00%3A00%3A00Z" in body["next"]
    assert api.get(body["next"]).status_code == 200


def test_default_page_holds_25(api: Client, tenant: Tenant) -> None:
    make_teams(tenant, 26)

    assert [len(page) for page in all_pages(api, "/api/teams/")] == [25, 1]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "", "x", "1.0", "+5", " 5", "\u0665", "9" * 9])
def test_bad_limit_is_told(api: Client, limit: str) -> None:
    response = api.get("/api/teams/", {"limit": limit})

    assert response.status_code == 400
    assert [(e["parameter"], e["code"]) for e in response.json()["errors"]] == [
        ("limit", "bad_limit")
    ]


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


A_MOMENT = "2026-01-01T00:00:00+00:00"
AN_ID = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%",
        "caf\u00e9",
        "A" * 500,
        encoded({}),
        encoded([]),
        encoded([1, 2]),
        encoded([A_MOMENT]),
        encoded([A_MOMENT, AN_ID, AN_ID]),
        encoded([A_MOMENT, "not an id"]),
        encoded(["before"]),
        encoded(["before", A_MOMENT]),
        encoded(["before", "before", A_MOMENT]),
        encoded(["after", A_MOMENT, AN_ID]),
        encoded(["yesterday", AN_ID]),
        encoded(["2026-01-01T00:00:00", AN_ID]),
        encoded(["2026-02-30T00:00:00+00:00", AN_ID]),
        encoded([A_MOMENT, "1 OR 1=1"]),
        encoded([A_MOMENT + "\0", AN_ID]),
        encoded(["", ""]),
        base64.urlsafe_b64encode(b"[" * 200).decode(),
    ],
)
def test_forged_cursor_is_told(api: Client, cursor: str) -> None:
    response = api.get("/api/teams/", {"cursor": cursor})

    assert response.status_code == 400
    assert [(e["parameter"], e["code"]) for e in response.json()["errors"]] == [
        ("cursor", "bad_cursor")
    ]


def test_cursor_into_another_tenants_rows_shows_none_of_them(
    api: Client, tenant: Tenant, other_tenant: Tenant
) -> None:
    make_teams(tenant, 1, datetime(2025, 1, 1, tzinfo=UTC))
    with tenancy.scope(other_tenant.pk):
        theirs = Team.objects.create(tenant=other_tenant, name="Theirs")
        theirs.refresh_from_db()

    cursor = write_cursor([str(theirs.created_at), str(theirs.pk)])
    body = api.get("/api/teams/", {"cursor": cursor}).json()

    assert [team["name"] for team in body["items"]] == ["Team 000"]


@pytest.mark.parametrize("count", [1, 30])
def test_page_costs_the_same_queries_for_any_number_of_rows(
    api: Client, tenant: Tenant, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_teams(tenant, count)

    with django_assert_num_queries(5):
        api.get("/api/teams/?limit=100")
