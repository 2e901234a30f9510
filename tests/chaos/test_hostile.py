"""The questions of the hostile program: the same each time, hostile, and their answers judged."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import psycopg
import pytest

from chaos.fraud import _check_digit
from chaos.hostile import api, pages
from chaos.hostile.asking import Answer, Question, judge
from chaos.hostile.neighbour import MARK, Neighbour, copy_everything, fingerprint, seen_in
from chaos.hostile.values import Maker
from core.models import Team, Tenant
from core.tenancy import scope
from tests.servers import address

BAIT = "aaaaaaaa-0000-4000-8000-000000000000"
FOREIGN = "aaaaaaaa-0000-4000-8000-000000000001"
OWN = "bbbbbbbb-0000-4000-8000-000000000002"
NEXT_DOOR = Neighbour("tenant", frozenset({BAIT, FOREIGN}), ("core_team",), ())
SCHEMA: dict[str, Any] = {
    "paths": {
        "/api/things/{pk}/": {
            "parameters": [{"name": "pk", "in": "path", "schema": {"type": "string"}}],
            "patch": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/Thing"}}}
                }
            },
        }
    },
    "components": {"Thing": {"type": "object", "properties": {"name": {"type": "string"}},
                             "required": ["name"]}},
}  # fmt: skip


def asked(target: str = "/api/things/", body: bytes | None = None) -> Question:
    return Question(1, "GET /api/things/", "GET", target, {}, body)


@pytest.mark.parametrize(
    ("target", "status", "body", "words"),
    [
        ("/api/things/", 200, b"[]", None),
        ("/api/things/", 503, b"busy", None),
        ("/api/things/", 500, b"oops", "500 oops"),
        ("/api/things/", 0, b"", "no answer"),
        ("/api/things/", 200, FOREIGN.encode(), f"200, tells of another: ['{FOREIGN}']"),
        ("/api/things/", 200, BAIT.encode(), None),
        (f"/api/things/{BAIT}/", 200, b"", "200 for a foreign row in the address"),
        (f"/api/things/?id={FOREIGN}", 400, FOREIGN.encode(), None),
        (f"/api/things/{FOREIGN}/", 404, b"", None),
        (f"/api/things/{FOREIGN}/", 200, b"", "200 for a foreign row in the address"),
    ],
)
def test_answer_is_judged(target: str, status: int, body: bytes, words: str | None) -> None:
    finding = judge(asked(target), Answer(status, {}, body), NEXT_DOOR)

    assert (finding.words if finding else None) == words


def test_text_of_the_neighbours_is_seen_unless_it_was_sent() -> None:
    answer = f"<td>{MARK}Deposit</td>".encode()

    assert seen_in(answer, b"", NEXT_DOOR) == [answer.decode()]
    assert seen_in(answer, MARK.encode(), NEXT_DOOR) == []


def test_question_of_a_number_is_the_same_each_time() -> None:
    def questions(seed: int) -> list[Question]:
        operations = api.operations_of(SCHEMA)
        made = api.Questions(
            SCHEMA, operations, key="k", known=[OWN], neighbours=[FOREIGN], seed=seed
        )
        return [made.question(number) for number in range(200)]

    first, again, other = questions(1), questions(1), questions(2)

    assert first == again
    assert first != other
    assert {one.label for one in first} == {"PATCH /api/things/{pk}/"}
    assert any(FOREIGN in one.target for one in first)
    assert any(one.target == f"/api/things/{OWN}/" for one in first)
    assert len({one.body for one in first}) > 100


def test_spoiled_value_differs_and_can_be_sent() -> None:
    maker = Maker(Random(1), [OWN], [FOREIGN], lambda _: {})
    value = {"name": "x", "lines": [{"amount": 1}]}

    spoiled = [maker.spoil(value) for _ in range(300)]

    assert sum(one != value for one in spoiled) > 280
    assert all(json.dumps(one).encode() for one in spoiled)


def test_pages_are_all_that_are_served_but_the_api() -> None:
    found = list(pages.routes())

    assert "pay/<str:token>/" in found
    assert "today/" in found
    assert [route for route in found if route.startswith("api/")] == []
    assert len(found) == len(set(found)) > 500


def test_neighbour_has_everything_under_marked_names(
    tenant: Tenant, other_tenant: Tenant, superuser_connection: psycopg.Connection
) -> None:
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name="Night shift")

    there = copy_everything(address("postgres"), str(tenant.pk), str(other_tenant.pk))
    before = fingerprint(address("postgres"), there)
    with scope(other_tenant.pk):
        [copied] = Team.objects.all()
        Team.objects.update(name="changed")
    after = fingerprint(address("postgres"), there)

    assert (copied.name, copied.pk == team.pk) == (f"{MARK}Night shift", False)
    assert str(copied.pk) in there.ids
    assert there.untold == ()
    assert [table for table in before if before[table] != after[table]] == ["core_team"]


@pytest.mark.parametrize("number", ["4242424242424242", "378282246310005", "6011111111111117"])
def test_check_digit_is_that_of_real_cards(number: str) -> None:
    assert _check_digit(number[:-1]) == number[-1]
