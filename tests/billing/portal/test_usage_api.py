"""Usage by day, meter and dimensions, by the API."""

from __future__ import annotations

from datetime import date

import pytest

from billing.models import Meter, UsageBucket, UsageEvent
from core.tenancy import scope
from tests.billing.portal.conftest import Api
from tests.billing.portal.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def used(world: World) -> World:
    """Some days of two apps."""
    world.use("cpu", date(2026, 11, 3), "10.25", app="web", region="ams")
    world.use("cpu", date(2026, 11, 3), "0.000000000001", app="web", region="fra")
    world.use("cpu", date(2026, 11, 4), "5", app="db", region="ams")
    world.use("storage", date(2026, 11, 3), "20", app="db")
    world.use("storage", date(2026, 11, 4), "18", app="db")
    world.use("cpu", date(2026, 10, 31), "99", app="web", region="ams")
    return world


def rows(api: Api, query: str) -> list[tuple[str | None, str, dict[str, str], str]]:
    answer = api.get(f"acme/usage/?{query}")
    assert answer.status_code == 200, answer.content
    return [
        (row["day"], row["meter"], row["dimensions"], row["quantity"])
        for row in answer.json()["rows"]
    ]


def test_usage_is_told_apart_by_day_meter_and_dimensions(used: World, api: Api) -> None:
    found = rows(api, "meter=cpu-acme")

    assert found == [
        ("2026-11-03", "cpu-acme", {"app": "web", "region": "ams"}, "10.25"),
        ("2026-11-03", "cpu-acme", {"app": "web", "region": "fra"}, "0.000000000001"),
        ("2026-11-04", "cpu-acme", {"app": "db", "region": "ams"}, "5"),
    ]


def test_sums_are_added_and_largest_values_are_not(used: World, api: Api) -> None:
    assert sorted(rows(api, "group_by=app"), key=str) == sorted(
        [
            (None, "cpu-acme", {"app": "db"}, "5"),
            (None, "cpu-acme", {"app": "web"}, "10.250000000001"),
            (None, "storage-acme", {"app": "db"}, "20"),
        ],
        key=str,
    )


def test_days_may_be_chosen(used: World, api: Api) -> None:
    assert rows(api, "from=2026-10-31&to=2026-10-31&group_by=day") == [
        ("2026-10-31", "cpu-acme", {}, "99")
    ]


def test_different_values_are_counted_anew_over_days(world: World, api: Api) -> None:
    with scope(world.tenant.pk):
        meter = Meter.objects.create(
            tenant=world.tenant,
            code="users",
            name="Users",
            aggregation="unique",
            dimensions=["app"],
            unique_by="user",
        )
    world.meters["users"] = meter
    for day, values in ((3, "ab"), (4, "bc")):
        bucket = world.use("users", date(2026, 11, day), "2", 0, app="web")
        with scope(world.tenant.pk):
            UsageBucket.objects.filter(pk=bucket.pk).update(events=2)
            for value in values:
                UsageEvent.objects.create(
                    tenant=world.tenant,
                    idempotency_key=f"{day}{value}",
                    bucket_id=bucket.pk,
                    time=world.now,
                    quantity=1,
                    value=value,
                )

    assert rows(api, "meter=users&group_by=app") == [(None, "users", {"app": "web"}, "3")]
    assert rows(api, "meter=users&group_by=day") == [
        ("2026-11-03", "users", {}, "2"),
        ("2026-11-04", "users", {}, "2"),
    ]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=0000-01-01", "from"),
        ("from=0001-01-01", "from"),
        ("to=9999-12-31", "to"),
        ("from=2026-11-31", "from"),
        ("from=2026-11-05&to=2026-11-04", "to"),
        ("from=2020-01-01&to=2026-11-04", "to"),
        ("meter=nothing", "meter"),
        ("meter=%00", "meter"),
        ("group_by=planet", "group_by"),
        ("planet=1", "planet"),
    ],
)
def test_bad_query_is_refused_where_it_is(
    used: World, api: Api, query: str, parameter: str
) -> None:
    answer = api.get(f"acme/usage/?{query}")

    assert answer.status_code == 400
    assert [one["parameter"] for one in answer.json()["errors"]] == [parameter]
