"""`POST /api/tasks/` to the letter: the body, the answer, and what is refused with which code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import time_machine

from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Task, TimelineEntry
from tests.crm.api.calls import Api, in_days, person, pointers, program
from tests.crm.world import World
from tests.servers import address

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 29, 12, 0, 0, 700_000, tzinfo=UTC)


def task(application: str | UUID, **changes: Any) -> dict[str, Any]:
    body = {"application_id": str(application), "task_type": "call", "due_at": in_days(1)}
    return {**body, **changes}


def counts(tenant: Tenant) -> tuple[int, int]:
    with scope(tenant.pk):
        return Task.objects.count(), TimelineEntry.objects.filter(kind="task_added").count()


@pytest.mark.parametrize("task_type", ["call", "email", "review"])
def test_task_is_created_as_documented(tenant: Tenant, application: str, task_type: str) -> None:
    worker = program(tenant, "tasks:write")

    answer = worker.post("tasks/", task(application, task_type=task_type))

    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {"success": True, "task_id": answer.json()["task_id"]}
    with scope(tenant.pk):
        row = Task.objects.get(pk=answer.json()["task_id"])
    assert (str(row.application_id), row.type, row.status) == (application, task_type, "open")
    assert counts(tenant) == (1, 1)


def test_task_is_created_without_the_final_slash(api: Api, application: str) -> None:
    assert api.post("tasks", task(application)).status_code == 201


def test_task_may_name_its_assignee_and_a_note(api: Api, application: str, admin: User) -> None:
    body = task(application, assignee_id=str(admin.pk), note="Ask for\nthe diploma 🍺")

    made = api.post("tasks/", body).json()["task_id"]

    shown = api.get(f"tasks/{made}/").json()
    assert shown["assignee"] == {"id": str(admin.pk), "name": "Ada Admin"}
    assert shown["note"] == "Ask for\nthe diploma 🍺"


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"task_type": "meeting"}, ["#/task_type"]),
    ({"task_type": "CALL"}, ["#/task_type"]),
    ({"task_type": ""}, ["#/task_type"]),
    ({"task_type": "x" * 10_000}, ["#/task_type"]),
    ({"task_type": None}, ["#/task_type"]),
    ({"task_type": 1}, ["#/task_type"]),
    ({"task_type": ["call"]}, ["#/task_type"]),
    ({"task_type": {"a": 1}}, ["#/task_type"]),
    ({"task_type": True}, ["#/task_type"]),
    ({"task_type": "call\u0000"}, ["#/task_type"]),
    ({"due_at": "tomorrow"}, ["#/due_at"]),
    ({"due_at": ""}, ["#/due_at"]),
    ({"due_at": None}, ["#/due_at"]),
    ({"due_at": 1893456000}, ["#/due_at"]),
    ({"due_at": [in_days(1)]}, ["#/due_at"]),
    ({"due_at": "2030-01-01"}, ["#/due_at"]),
    ({"due_at": "2030-01-01T12:00:00"}, ["#/due_at"]),
    ({"due_at": "2030-01-01 12:00:00Z"}, ["#/due_at"]),
    ({"due_at": "2025-02-30T12:00:00Z"}, ["#/due_at"]),
    ({"due_at": "2030-13-01T12:00:00Z"}, ["#/due_at"]),
    ({"due_at": "2030-01-01T25:00:00Z"}, ["#/due_at"]),
    ({"due_at": "2030-12-31T23:59:60Z"}, ["#/due_at"]),
    ({"due_at": "0000-01-01T00:00:00Z"}, ["#/due_at"]),
    ({"due_at": "0001-01-01T00:00:00+10:00"}, ["#/due_at"]),
    ({"due_at": "9999-12-31T23:59:59Z"}, ["#/due_at"]),
    ({"due_at": "9999-12-31T23:59:59-23:59"}, ["#/due_at"]),
    ({"due_at": "2030-01-01T12:00:00+99:99"}, ["#/due_at"]),
    ({"due_at": "99999-01-01T12:00:00Z"}, ["#/due_at"]),
    ({"due_at": "٢٠٣٠-01-01T12:00:00Z"}, ["#/due_at"]),
    ({"due_at": "2025-01-01T12:00:00Z"}, ["#/due_at"]),
    ({"due_at": "2020-01-01T00:00:00+02:00"}, ["#/due_at"]),
    ({"application_id": "7"}, ["#/application_id"]),
    ({"application_id": 7}, ["#/application_id"]),
    ({"application_id": 10**40}, ["#/application_id"]),
    ({"application_id": None}, ["#/application_id"]),
    ({"application_id": ""}, ["#/application_id"]),
    ({"application_id": []}, ["#/application_id"]),
    ({"application_id": {}}, ["#/application_id"]),
    ({"application_id": str(uuid4())}, ["#/application_id"]),
    ({"assignee_id": str(uuid4())}, ["#/assignee_id"]),
    ({"assignee_id": "me"}, ["#/assignee_id"]),
    ({"note": "x" * 10_000}, ["#/note"]),
    ({"note": None}, ["#/note"]),
    ({"note": "bell \u0007"}, ["#/note"]),
    ({"tenant_id": str(uuid4())}, ["#/tenant_id"]),
    ({"status": "completed"}, ["#/status"]),
    (
        {"task_type": "meeting", "due_at": "2020-01-01T00:00:00Z", "application_id": str(uuid4())},
        ["#/application_id", "#/task_type", "#/due_at"],
    ),
]


@pytest.mark.parametrize(("changes", "wrong"), BAD)
def test_bad_body_is_refused_where_it_is_wrong(
    tenant: Tenant, api: Api, application: str, changes: dict[str, Any], wrong: list[str]
) -> None:
    answer = api.post("tasks/", task(application, **changes))

    assert (answer.status_code, pointers(answer)) == (400, wrong)
    assert answer["Content-Type"] == "application/problem+json"
    assert counts(tenant) == (0, 0)


@pytest.mark.parametrize("missing", ["application_id", "task_type", "due_at"])
def test_missing_field_is_refused(api: Api, application: str, missing: str) -> None:
    body = {name: value for name, value in task(application).items() if name != missing}

    answer = api.post("tasks/", body)

    assert (answer.status_code, pointers(answer)) == (400, [f"#/{missing}"])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b'"call"',
        b"[]",
        b"[{}]",
        b"{}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"task_type": "call", "task_type": "call"}',
        b'{"task_type": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"due_at": NaN}',
        b'{"due_at": 1e999}',
        b'{"due_at": ' + b"9" * 10_000 + b"}",
        b'{"note": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_malformed_body_is_refused(api: Api, raw: bytes) -> None:
    answer = api.call("POST", "tasks/", raw)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("due_at", "status"),
    [
        ("2026-03-29T12:00:00Z", 400),
        ("2026-03-29T12:00:00.999999Z", 400),
        ("2026-03-29T14:00:00+02:00", 400),
        ("2026-03-29T12:00:01Z", 201),
        ("2026-03-29T14:00:01+02:00", 201),
        ("2026-03-29T11:59:59Z", 400),
    ],
)
def test_future_is_judged_to_the_second(
    api: Api, application: str, due_at: str, status: int
) -> None:
    with time_machine.travel(NOON, tick=False):
        answer = api.post("tasks/", task(application, due_at=due_at))

    assert answer.status_code == status


def test_foreign_application_is_a_mistake_of_the_body(world: World, tenant: Tenant) -> None:
    worker = program(tenant, "tasks:write")

    foreign = worker.post("tasks/", task(world.applications["foreign"]))
    unknown = worker.post("tasks/", task(uuid4()))

    assert (foreign.status_code, pointers(foreign)) == (400, ["#/application_id"])
    assert foreign.json()["errors"] == unknown.json()["errors"]


def test_counselor_adds_tasks_only_where_the_lead_is_seen(world: World) -> None:
    asked = {
        name: person(world.people["owner"]).post("tasks/", task(application)).status_code
        for name, application in world.applications.items()
    }

    assert asked == {"owned": 201, "teams": 400, "nobodys": 400, "foreign": 400}


def test_caller_without_credentials_is_refused(application: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Api-Key tap_x"}):
        answer = Api(headers).post("tasks/", task(application))

        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"


def test_key_without_the_scope_is_refused(tenant: Tenant, application: str) -> None:
    answer = program(tenant, "leads:read", "tasks:read", "tasks:manage").post(
        "tasks/", task(application)
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_key_that_creates_tasks_does_nothing_else(tenant: Tenant, application: str) -> None:
    worker = program(tenant, "tasks:write")
    made = worker.post("tasks/", task(application)).json()["task_id"]
    one = f"tasks/{made}/"
    asked = [
        *(("GET", path) for path in ("tasks/", one, "leads/", "applications/", "people/")),
        *(("GET", path) for path in ("teams/", "lead-stages/", f"applications/{application}/")),
        ("PATCH", one),
        *(("POST", one + verb) for verb in ("complete/", "reopen/", "reassign/", "snooze/")),
        *(("POST", path) for path in ("leads/", "applications/", "lead-stages/")),
        ("POST", f"applications/{application}/move/"),
    ]

    answers = {(method, path): worker.call(method, path, {}).status_code for method, path in asked}

    assert answers == dict.fromkeys(asked, 403)


def test_repeated_key_gives_the_stored_answer(tenant: Tenant, api: Api, application: str) -> None:
    body = task(application)

    first = api.post("tasks/", body, **{"Idempotency-Key": "one"})
    again = api.post("tasks/", body, **{"Idempotency-Key": "one"})
    other = api.post("tasks/", {**body, "task_type": "email"}, **{"Idempotency-Key": "one"})

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")
    assert counts(tenant) == (1, 1)


def test_refused_body_leaves_its_key_free(tenant: Tenant, api: Api, application: str) -> None:
    refused = api.post("tasks/", task(application, task_type="x"), **{"Idempotency-Key": "one"})
    mended = api.post("tasks/", task(application), **{"Idempotency-Key": "one"})

    assert (refused.status_code, mended.status_code) == (400, 201)
    assert counts(tenant) == (1, 1)


@pytest.fixture(params=["crm_task", "crm_timelineentry"])
def broken_table(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database that fails when a task, or its entry in the timeline, is written."""
    table = request.param
    with psycopg.connect(address("postgres"), autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION break_down() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'disk on fire, secret inside'; END $$"
        )
        owner.execute(
            f"CREATE TRIGGER break_down AFTER INSERT ON {table}"
            " FOR EACH ROW WHEN (current_user <> 'postgres') EXECUTE FUNCTION break_down()"
        )
        try:
            yield table
        finally:
            owner.execute("DROP FUNCTION break_down() CASCADE")


def test_internal_error_is_a_problem_and_keeps_nothing(
    tenant: Tenant, world: World, broken_table: str
) -> None:
    worker = program(tenant, "tasks:write")
    before = counts(tenant)

    answer = worker.post("tasks/", task(world.applications["owned"]), **{"Idempotency-Key": "one"})

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["status"], answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in json.dumps(answer.json())
    assert counts(tenant) == before


def test_task_can_be_created_after_an_internal_error_with_the_same_key(
    tenant: Tenant, application: str
) -> None:
    worker = program(tenant, "tasks:write")
    body = task(application)
    with psycopg.connect(address("postgres"), autocommit=True) as owner:
        owner.execute("ALTER TABLE crm_task RENAME TO crm_task_away")
        try:
            broken = worker.post("tasks/", body, **{"Idempotency-Key": "one"})
        finally:
            owner.execute("ALTER TABLE crm_task_away RENAME TO crm_task")

    again = worker.post("tasks/", body, **{"Idempotency-Key": "one"})

    assert (broken.status_code, again.status_code) == (500, 201)
    assert counts(tenant) == (1, 1)


def test_due_moment_is_kept_in_utc(api: Api, tenant: Tenant, application: str) -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    written = (due + timedelta(hours=5, minutes=30)).strftime("%Y-%m-%dT%H:%M:%S+05:30")

    made = api.post("tasks/", task(application, due_at=written)).json()["task_id"]

    assert api.get(f"tasks/{made}/").json()["due_at"] == due.strftime("%Y-%m-%dT%H:%M:%SZ")
