"""Whatever stands in a field of a body or in a parameter, the API says what is wrong with it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from core.api.docs import whole_schema
from core.models import Tenant
from tests.crm.api.calls import Api, program
from tests.crm.world import World

pytestmark = pytest.mark.django_db

VALUES: list[Any] = [
    None,
    True,
    10**40,
    "a\u0000b",
    "🍺" * 5_000,
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    [None],
    {"": {"~1/": None}},
]
RAW = [b'"\\ud83c"', b"1e400", b'{"a":1,"a":2}']
TEXTS = ["", "%00", "%ED%A0%80", "9" * 400, "0001-01-01T00:00:00%2B14:00", "null"]


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Each operation of the CRM with its description."""
    starts = tuple(
        f"/api/{noun}/"
        for noun in (
            *("leads", "applications", "tasks", "people", "teams"),
            *("lead-stages", "application-stages"),
        )
    )
    return [
        (path, method, operation)
        for path, item in whole_schema("config.urls")["paths"].items()
        if path.startswith(starts)
        for method, operation in item.items()
    ]


def fields(operation: dict[str, Any]) -> list[str]:
    """The names of the fields of an operation's body, and one that it does not know."""
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return []
    reference = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema = whole_schema("config.urls")["components"]["schemas"][reference]
    return [*schema["properties"], "surprise"]


@pytest.fixture
def api(tenant: Tenant, settings: Any) -> Api:
    """A program that may do everything, as often as it likes."""
    settings.API_RATE_PER_CREDENTIAL = "100000/m"
    return program(tenant)


def address(world: World, path: str) -> str:
    """The address of an operation on a row that is there."""
    noun = path.split("/")[2]
    rows = {
        "leads": world.leads["owned"],
        "applications": world.applications["owned"],
        "tasks": world.tasks["owned"],
    }
    return path.removeprefix("/api/").replace("{id}", str(rows.get(noun, uuid4())))


@pytest.mark.parametrize(
    ("path", "method", "operation"),
    [one for one in operations() if fields(one[2])],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_odd_field_is_refused_or_taken_and_breaks_nothing(
    api: Api, world: World, path: str, method: str, operation: dict[str, Any]
) -> None:
    bodies = [json.dumps({name: value}) for name in fields(operation) for value in VALUES]
    bodies += [f'{{"{name}": {raw.decode()}}}' for name in fields(operation) for raw in RAW]
    where = address(world, path)

    statuses = {
        body[:60]: api.call(method.upper(), where, body.encode()).status_code for body in bodies
    }

    assert {body: status for body, status in statuses.items() if status >= 500} == {}


@pytest.mark.parametrize(
    ("path", "method", "operation"),
    [one for one in operations() if one[1] == "get"],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_odd_parameter_is_refused_or_taken_and_breaks_nothing(
    api: Api, world: World, path: str, method: str, operation: dict[str, Any]
) -> None:
    names = [one["name"] for one in operation["parameters"] if one["in"] == "query"]
    where = address(world, path)

    statuses = {
        (name, text[:40]): api.get(f"{where}?{name}={text}").status_code
        for name in names
        for text in TEXTS
    }

    assert {asked: status for asked, status in statuses.items() if status >= 500} == {}


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_method_that_is_not_there_is_405(api: Api, world: World, method: str) -> None:
    known = {(path, verb.upper()) for path, verb, _ in operations()}
    paths = {path for path, _ in known}
    unknown = [path for path in sorted(paths) if (path, method) not in known]

    statuses = {path: api.call(method, address(world, path)).status_code for path in unknown}

    assert statuses == dict.fromkeys(unknown, 405)
