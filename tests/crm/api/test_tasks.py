"""Tasks over the API: list, edit, complete, reopen, hand on, put off; also two people at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Task, TimelineEntry
from tests.crm.api.calls import Api, in_days, person, pointers
from tests.crm.world import World

pytestmark = pytest.mark.django_db
Add = Callable[..., dict[str, Any]]


@pytest.fixture
def add(api: Api, application: str) -> Add:
    """Add a task that is due tomorrow, unless told otherwise."""

    def make(**fields: Any) -> dict[str, Any]:
        body = {"application_id": application, "task_type": "call", "due_at": in_days(1)}
        made = api.post("tasks/", {**body, **fields}).json()["task_id"]
        return api.get(f"tasks/{made}/").json()  # type: ignore[no-any-return]

    return make


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """The answers to calls that are made at the same moment, each on its own connection."""
    ready = Barrier(len(calls), timeout=30)

    def run(call: Callable[[], Any]) -> Any:
        ready.wait(10)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def entries(tenant: Tenant, kind: str) -> int:
    with scope(tenant.pk):
        return TimelineEntry.objects.filter(kind=kind).count()


def test_task_tells_what_it_is_about(api: Api, add: Add, application: str) -> None:
    task = add(due_at="2031-01-01T12:00:00+01:00", note="Ask")

    assert {name: task[name] for name in ("task_type", "due_at", "status", "is_overdue")} == {
        "task_type": "call",
        "due_at": "2031-01-01T11:00:00Z",
        "status": "open",
        "is_overdue": False,
    }
    assert (task["application_id"], task["programme"]) == (application, "Brewing")
    assert task["lead"]["name"] == "Mila Jansen"
    assert task["timeline_url"].endswith(f"/api/leads/{task['lead']['id']}/timeline/")
    assert (task["assignee"], task["completed_by"], task["completed_at"]) == (None, None, None)
    assert api.get("tasks/").json()["items"] == [task]


def test_task_is_edited_while_it_is_open(api: Api, add: Add, admin: User) -> None:
    path = f"tasks/{add()['id']}/"
    body = {
        "task_type": "email",
        "due_at": "2031-01-01T12:00:00Z",
        "note": "Write first",
        "assignee_id": str(admin.pk),
    }

    edited = api.patch(path, body)
    same = api.patch(path, body)

    task = edited.json()
    assert (edited.status_code, edited["ETag"], same["ETag"]) == (200, '"v2"', '"v2"')
    assert {**body, "assignee_id": task["assignee"]["id"]} == {
        "task_type": task["task_type"],
        "due_at": task["due_at"],
        "note": task["note"],
        "assignee_id": str(admin.pk),
    }


BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"task_type": "meeting"}, ["#/task_type"]),
    ({"due_at": "2020-01-01T00:00:00Z"}, ["#/due_at"]),
    ({"due_at": "2031-02-30T00:00:00Z"}, ["#/due_at"]),
    ({"due_at": "9999-12-31T23:59:59Z"}, ["#/due_at"]),
    ({"due_at": None}, ["#/due_at"]),
    ({"note": "x" * 2001}, ["#/note"]),
    ({"assignee_id": str(uuid4())}, ["#/assignee_id"]),
    ({"assignee_id": 7}, ["#/assignee_id"]),
    ({"status": "completed"}, ["#/status"]),
    ({"outcome": "x"}, ["#/outcome"]),
    ({"task_type": "x", "note": "x" * 2001}, ["#/task_type", "#/note"]),
]


@pytest.mark.parametrize(("changes", "wrong"), BAD)
def test_bad_change_of_a_task_is_refused(
    api: Api, add: Add, changes: dict[str, Any], wrong: list[str]
) -> None:
    task = add()

    answer = api.patch(f"tasks/{task['id']}/", changes)

    assert (answer.status_code, pointers(answer)) == (400, wrong)
    assert api.get(f"tasks/{task['id']}/").json() == task


def test_task_is_completed_with_what_follows(boss: Api, add: Add, admin: User) -> None:
    task = add()
    follows = {"task_type": "email", "due_at": in_days(3), "note": "Send the offer"}

    done = boss.post(
        f"tasks/{task['id']}/complete/", {"outcome": "Wants an offer", "next_task": follows}
    )

    assert (done.status_code, done.json()["status"]) == (200, "completed")
    assert (done.json()["outcome"], done.json()["completed_by"]["id"]) == (
        "Wants an offer",
        str(admin.pk),
    )
    [next_task] = boss.get("tasks/?status=open").json()["items"]
    assert {name: next_task[name] for name in follows} == follows


def test_task_is_completed_once(api: Api, add: Add, tenant: Tenant) -> None:
    path = f"tasks/{add()['id']}/"

    first = api.post(f"{path}complete/", {})
    others = {
        "complete": api.post(f"{path}complete/", {}),
        "edit": api.patch(path, {"note": "x"}),
        "reassign": api.post(f"{path}reassign/", {"assignee_id": None}),
        "snooze": api.post(f"{path}snooze/", {"due_at": in_days(2)}),
    }

    assert first.status_code == 200
    assert {name: answer.status_code for name, answer in others.items()} == dict.fromkeys(
        others, 409
    )
    assert {answer.json()["code"] for answer in others.values()} == {"task_completed_already"}
    assert entries(tenant, "task_completed") == 1


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"outcome": "x" * 10_000}, ["#/outcome"]),
        ({"outcome": None}, ["#/outcome"]),
        ({"outcome": ["x"]}, ["#/outcome"]),
        ({"next_task": {}}, ["#/next_task/task_type", "#/next_task/due_at"]),
        ({"next_task": []}, ["#/next_task"]),
        ({"next_task": "call"}, ["#/next_task"]),
        ({"next_task": {"task_type": "x", "due_at": in_days(1)}}, ["#/next_task/task_type"]),
        (
            {"next_task": {"task_type": "call", "due_at": "2020-01-01T00:00:00Z"}},
            ["#/next_task/due_at"],
        ),
        (
            {"next_task": {"task_type": "call", "due_at": in_days(1), "assignee_id": None}},
            ["#/next_task/assignee_id"],
        ),
        ({"status": "completed"}, ["#/status"]),
    ],
)
def test_bad_completion_changes_nothing(
    api: Api, add: Add, body: dict[str, Any], wrong: list[str]
) -> None:
    task = add()

    answer = api.post(f"tasks/{task['id']}/complete/", body)

    assert (answer.status_code, pointers(answer)) == (400, wrong)
    assert api.get("tasks/").json()["items"] == [task]


def test_task_is_reopened_once(api: Api, add: Add) -> None:
    path = f"tasks/{add()['id']}/"
    early = api.post(f"{path}reopen/")
    api.post(f"{path}complete/", {"outcome": "Done"})

    reopened, again = api.post(f"{path}reopen/"), api.post(f"{path}reopen/")

    assert (reopened.status_code, reopened.json()["status"]) == (200, "open")
    assert (reopened.json()["completed_at"], reopened.json()["outcome"]) == (None, "")
    assert [early.json()["code"], again.json()["code"]] == ["task_open_already"] * 2


def test_task_is_put_off_and_handed_on(api: Api, add: Add, admin: User) -> None:
    path = f"tasks/{add()['id']}/"

    later = api.post(f"{path}snooze/", {"due_at": "2031-05-01T08:00:00Z"})
    given = api.post(f"{path}reassign/", {"assignee_id": str(admin.pk)})
    back = api.post(f"{path}reassign/", {"assignee_id": None})
    past = api.post(f"{path}snooze/", {"due_at": in_days(-1)})
    unsaid = api.post(f"{path}reassign/", {})

    assert later.json()["due_at"] == "2031-05-01T08:00:00Z"
    assert (given.json()["assignee"]["name"], back.json()["assignee"]) == ("Ada Admin", None)
    assert (past.status_code, pointers(past)) == (400, ["#/due_at"])
    assert (unsaid.status_code, pointers(unsaid)) == (400, ["#/assignee_id"])


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("complete/", {}),
        ("reopen/", None),
        ("snooze/", {"due_at": "2031-01-01T00:00:00Z"}),
        ("reassign/", {"assignee_id": None}),
    ],
)
def test_act_on_an_older_version_is_refused(api: Api, add: Add, verb: str, body: Any) -> None:
    path = f"tasks/{add()['id']}/"
    api.patch(path, {"note": "New"})

    answer = api.post(path + verb, body, **{"If-Match": '"v1"'})

    assert (answer.status_code, answer["ETag"]) == (412, '"v2"')
    assert api.get(path).json()["status"] == "open"


def test_repeated_key_completes_once_and_answers_twice(api: Api, add: Add, tenant: Tenant) -> None:
    path = f"tasks/{add()['id']}/complete/"

    first, again = (api.post(path, {"outcome": "x"}, **{"Idempotency-Key": "k"}) for _ in "12")

    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.json(), again["ETag"]) == (first.json(), first["ETag"])
    assert entries(tenant, "task_completed") == 1


def test_two_people_complete_a_task_at_once_and_one_wins(world: World, tenant: Tenant) -> None:
    path = f"tasks/{world.tasks['teams']}/complete/"
    people = [person(world.people[who]) for who in ("member", "admin")]
    body = {"outcome": "Done", "next_task": {"task_type": "call", "due_at": in_days(1)}}

    answers = at_once(*[lambda one=one: one.post(path, body) for one in people])

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert entries(tenant, "task_completed") == 1
    with scope(tenant.pk):
        assert Task.objects.filter(lead=world.leads["teams"]).count() == 2


def test_two_people_hand_a_task_on_at_once_and_one_wins(world: World, tenant: Tenant) -> None:
    path = f"tasks/{world.tasks['teams']}/reassign/"
    to = [str(world.people[who].pk) for who in ("member", "admin")]
    people = [person(world.people[who]) for who in ("member", "admin")]

    answers = at_once(
        *[
            lambda one=one, who=who: one.post(path, {"assignee_id": who}, **{"If-Match": '"v1"'})
            for one, who in zip(people, to, strict=True)
        ]
    )

    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200, 412]
    with scope(tenant.pk):
        task = Task.objects.get(pk=world.tasks["teams"])
    assert (str(task.assignee_id), task.version) == (to[statuses.index(200)], 2)


def test_one_completes_while_another_hands_on(world: World, tenant: Tenant) -> None:
    path = f"tasks/{world.tasks['teams']}/"
    admin, member = person(world.people["admin"]), person(world.people["member"])
    to = {"assignee_id": str(world.people["admin"].pk)}

    done, given = at_once(
        lambda: member.post(f"{path}complete/", {}),
        lambda: admin.post(f"{path}reassign/", to),
    )

    assert done.status_code == 200
    assert given.status_code in {200, 409}
    with scope(tenant.pk):
        task = Task.objects.get(pk=world.tasks["teams"])
    assert (task.status, task.assignee_id is not None) == ("completed", given.status_code == 200)


def test_same_key_at_once_adds_one_task(api: Api, application: str, tenant: Tenant) -> None:
    body = {"application_id": application, "task_type": "call", "due_at": in_days(1)}

    answers = at_once(*[lambda: api.post("tasks/", body, **{"Idempotency-Key": "k"})] * 4)

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert [answer.status_code for answer in answers].count(201) >= 1
    with scope(tenant.pk):
        assert Task.objects.count() == 1


def test_filters_keep_the_tasks_that_they_name(
    boss: Api, add: Add, application: str, admin: User
) -> None:
    late = add(due_at=in_days(1), assignee_id=str(admin.pk))["id"]
    soon = add(due_at=in_days(5), task_type="email")["id"]
    done = add(due_at=in_days(9))
    boss.post(f"tasks/{done['id']}/complete/", {})
    lead, done = done["lead"]["id"], done["id"]
    expected = {
        "": [late, soon, done],
        "status=open": [late, soon],
        "status=completed": [done],
        "overdue=true": [late],
        "overdue=false": [soon, done],
        "assignee=me": [late],
        f"assignee={admin.pk}": [late],
        "assignee=none": [soon, done],
        "owner=none": [late, soon, done],
        "owner=me": [],
        "task_type=email": [soon],
        f"application={application}": [late, soon, done],
        f"lead={lead}&status=open&overdue=false": [soon],
        f"lead={uuid4()}": [],
        f"due_before={in_days(3)}": [late],
        f"due_from={in_days(3)}": [soon, done],
    }

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        me = person(admin)
        found = {query: me.ids(f"tasks/?{query}") for query in expected}
        is_overdue = me.get(f"tasks/{late}/").json()["is_overdue"]

    assert found == expected
    assert is_overdue is True


@pytest.mark.parametrize(
    "query",
    ["status=done", "overdue=x", "assignee=him", "lead=1", "due_before=soon", "task_type=x", "a=1"],
)
def test_bad_parameter_is_refused_by_name(api: Api, query: str) -> None:
    answer = api.get(f"tasks/?{query}")

    assert (answer.status_code, pointers(answer)) == (400, [query.partition("=")[0]])
