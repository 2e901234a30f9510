"""Stages over the API: everybody reads them, admins make, edit and order them."""

from __future__ import annotations

from typing import Any

import pytest

from core.models import Tenant
from tests.crm.api.calls import Api, person, pointers, program
from tests.crm.world import World

pytestmark = pytest.mark.django_db
BOTH = ["lead-stages/", "application-stages/"]


def keys(api: Api, path: str) -> list[str]:
    return [stage["key"] for stage in api.get(path).json()["items"]]


def test_stages_stand_as_in_the_pipeline(api: Api) -> None:
    assert keys(api, "lead-stages/") == [
        "new",
        "contacted",
        "advising",
        "converted",
        "disqualified",
    ]
    assert keys(api, "application-stages/")[:3] == ["draft", "submitted", "payment_received"]
    first = api.get("lead-stages/?limit=2").json()
    rest = api.get(first["next"].partition("/api/")[2]).json()
    assert [stage["key"] for stage in first["items"] + rest["items"]] == keys(api, "lead-stages/")[
        :4
    ]


@pytest.mark.parametrize("path", BOTH)
def test_stage_is_added_edited_and_read(boss: Api, path: str) -> None:
    added = boss.post(path, {"key": "waiting", "name": "Waiting", "deadline_days": 3})
    one = f"{path}{added.json()['id']}/"

    edited = boss.patch(
        one, {"name": "On the list", "outcome": "lost", "needs_note": True, "deadline_days": None}
    )
    stale = boss.patch(one, {"name": "X"}, **{"If-Match": '"v1"'})

    assert (added.status_code, added["ETag"], added.json()["deadline_days"]) == (201, '"v1"', 3)
    assert keys(boss, path)[-1] == "waiting"
    assert (edited.json()["name"], edited.json()["outcome"]) == ("On the list", "lost")
    assert (edited.json()["needs_note"], edited.json()["deadline_days"]) == (True, None)
    assert (edited["ETag"], stale.status_code) == ('"v2"', 412)
    assert boss.get(one).json() == edited.json()


def test_new_stage_serves_at_once(boss: Api) -> None:
    boss.post("lead-stages/", {"key": "waiting", "name": "Waiting"})
    lead = boss.post("leads/", {"name": "Noor"}).json()["id"]

    moved = boss.post(f"leads/{lead}/move/", {"stage": "waiting"})

    assert moved.json()["stage"] == {"key": "waiting", "name": "Waiting", "outcome": "open"}


@pytest.mark.parametrize("path", BOTH)
def test_stages_are_put_in_order(boss: Api, path: str) -> None:
    backwards = keys(boss, path)[::-1]

    ordered = boss.post(f"{path}order/", {"keys": backwards})
    again = boss.post(f"{path}order/", {"keys": backwards})

    assert [stage["key"] for stage in ordered.json()["items"]] == backwards
    assert again.json() == ordered.json()
    assert keys(boss, path) == backwards


@pytest.mark.parametrize(
    "named", [[], ["new"], ["new"] * 5, ["new", "contacted", "advising", "converted", "x"]]
)
def test_order_names_each_stage_once(boss: Api, named: list[str]) -> None:
    before = keys(boss, "lead-stages/")

    answer = boss.post("lead-stages/order/", {"keys": named})

    assert (answer.status_code, pointers(answer)) == (400, ["#/keys"])
    assert keys(boss, "lead-stages/") == before


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"key": "new"}, "#/key"),
        ({"key": "In Review"}, "#/key"),
        ({"key": ""}, "#/key"),
        ({"key": "x" * 41}, "#/key"),
        ({"key": 7}, "#/key"),
        ({"key": "новый"}, "#/key"),
        ({"name": ""}, "#/name"),
        ({"name": "x" * 61}, "#/name"),
        ({"name": None}, "#/name"),
        ({"outcome": "drawn"}, "#/outcome"),
        ({"outcome": None}, "#/outcome"),
        ({"deadline_days": -1}, "#/deadline_days"),
        ({"deadline_days": 99999}, "#/deadline_days"),
        ({"deadline_days": 10**30}, "#/deadline_days"),
        ({"deadline_days": "3"}, "#/deadline_days"),
        ({"needs_note": "yes"}, "#/needs_note"),
        ({"may_go_back": 1}, "#/may_go_back"),
        ({"position": -1}, "#/position"),
        ({"position": 10**9}, "#/position"),
        ({"version": 2}, "#/version"),
    ],
)
def test_bad_stage_is_refused(boss: Api, fields: dict[str, Any], pointer: str) -> None:
    answer = boss.post("lead-stages/", {"key": "waiting", "name": "Waiting", **fields})

    assert (answer.status_code, pointers(answer)) == (400, [pointer])
    assert "waiting" not in keys(boss, "lead-stages/")


def test_key_of_a_stage_stays(boss: Api) -> None:
    stage = boss.ids("lead-stages/")[0]

    answer = boss.patch(f"lead-stages/{stage}/", {"key": "fresh"})

    assert (answer.status_code, pointers(answer)) == (400, ["#/key"])


def test_stages_need_a_scope_of_their_own(tenant: Tenant) -> None:
    api = program(tenant, "leads:read", "leads:write")

    answer = api.post("lead-stages/", {"key": "waiting", "name": "Waiting"})

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_foreign_stages_stay_hidden(world: World) -> None:
    ours, theirs = person(world.people["admin"]), person(world.people["foreign_admin"])
    stage = ours.ids("lead-stages/")[0]

    theirs.post("lead-stages/", {"key": "waiting", "name": "Waiting"})

    assert theirs.get(f"lead-stages/{stage}/").status_code == 404
    assert theirs.patch(f"lead-stages/{stage}/", {"name": "X"}).status_code == 404
    assert "waiting" not in keys(ours, "lead-stages/")
