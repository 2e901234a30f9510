"""What people do to tasks on pages: once, told plainly, with and without htmx."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.urls import reverse

from core.tenancy import scope
from crm.models import Task
from tests.crm.pages.conftest import Company, words

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def noon() -> Any:
    """Saturday at noon in Amsterdam."""
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def to(verb: str, task: Task) -> str:
    return reverse(f"task_{verb}", args=[task.pk])


def test_task_is_completed_by_a_plain_form(noon: Any, company: Company, pages: Client) -> None:
    task = company.task(due_at=NOON + timedelta(hours=1))

    answer = pages.post(to("complete", task), {"back": "/today/?type=call"})
    page = pages.get(answer["Location"])

    after = company.reload(task)
    assert answer["Location"] == "/today/?type=call"
    assert (after.status, after.completed_by_id) == ("completed", company.counselor.pk)
    assert after.completed_at == NOON
    assert "Completed: Call for Eva Smit." in words(page)
    assert "Just completed by you" in words(page)
    assert f'action="{to("undo", task)}"' in page.content.decode()


def test_task_is_completed_by_one_request_that_answers_with_the_row(
    noon: Any, company: Company, pages: Client
) -> None:
    task = company.task(due_at=NOON + timedelta(hours=1))

    answer = pages.post(to("complete", task), {"back": "/today/"}, headers=HTMX)

    row = words(answer)
    assert answer.status_code == 200
    assert answer.content.decode().startswith("<li")
    assert "Completed Undo Cem Counselor, Today, 12:00 Completed: Call for Eva Smit." in row
    assert company.reload(task).status == "completed"


def counted(answer: Any) -> dict[str, str]:
    """What an answer says anew about how much waits."""
    found = re.findall(
        r'<strong id="tally-(\w+)"[^>]* hx-swap-oob="true">(.*?)</strong>', answer.content.decode()
    )
    return dict(found)


def test_swapped_row_tells_how_much_still_waits_of_what_the_page_shows(
    noon: Any, company: Company, pages: Client
) -> None:
    late, mail = [
        company.task(due_at=NOON - timedelta(hours=1), type=kind) for kind in ("call", "email")
    ]
    company.task(due_at=NOON + timedelta(hours=1))

    first = pages.post(to("complete", late), {"back": "/today/"}, headers=HTMX)
    narrow = pages.post(to("complete", mail), {"back": "/today?type=email"}, headers=HTMX)
    undone = pages.post(to("undo", mail), {"back": "/today/"}, headers=HTMX)
    on_lead = pages.post(to("complete", mail), {"back": f"/leads/{mail.lead_id}/"}, headers=HTMX)

    assert counted(first) == {"overdue": "1", "later": "1"}
    assert counted(narrow) == {"overdue": "0", "later": "0"}
    assert counted(undone) == {"overdue": "1", "later": "1"}
    assert counted(on_lead) == {}


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_second_completion_is_told_and_changes_nothing(
    headers: dict[str, str], noon: Any, company: Company, pages: Client, sams_pages: Client
) -> None:
    lead = company.lead(team_ids=[company.team.pk])
    task = company.task(company.application(lead), NOON + timedelta(hours=1))
    sams_pages.post(to("complete", task), {"outcome": "Reached her."})

    answer = pages.post(to("complete", task), {"outcome": "No answer"}, headers=headers)
    page = answer if headers else pages.get(answer["Location"])

    after = company.reload(task)
    assert answer.status_code == (409 if headers else 302)
    assert "Sam Same has completed this task already. Nothing was changed." in words(page)
    assert (after.outcome, after.completed_by_id) == ("Reached her.", company.colleague.pk)
    assert company.kinds(lead).count("task_completed") == 1


def at_once(clients: list[Client], url: str, data: dict[str, Any]) -> list[int]:
    """Let all press at the same moment; the status codes, sorted."""
    together = Barrier(len(clients), timeout=30)

    def press(client: Client) -> int:
        together.wait()
        try:
            return client.post(url, data, headers=HTMX).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(clients)) as pool:
        return sorted(pool.map(press, clients))


def test_two_people_at_once_complete_it_once(
    company: Company, pages: Client, sams_pages: Client
) -> None:
    lead = company.lead(team_ids=[company.team.pk])
    task = company.task(company.application(lead))

    statuses = at_once([pages, sams_pages], to("complete", task), {})

    assert statuses == [200, 409]
    assert company.kinds(lead).count("task_completed") == 1


def test_outcome_and_next_task_come_in_the_same_step(
    noon: Any, company: Company, pages: Client
) -> None:
    task = company.task(due_at=NOON + timedelta(hours=1))
    told = {"outcome": "Wants a visit", "next_type": "email", "next_due_at": "2026-11-23T10:00"}

    answer = pages.post(to("complete", task), told, headers=HTMX)

    with scope(company.tenant.pk):
        following = Task.objects.get(status="open")
    assert company.reload(task).outcome == "Wants a visit"
    assert (following.type, following.application_id) == ("email", task.application_id)
    assert following.due_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert "Next: E-mail, Mon 23 Nov, 10:00." in words(answer)


WRONG = [
    ({"next_type": "email"}, "Due: Say when the next task is due."),
    ({"next_due_at": "2026-11-23T10:00"}, "Next task: Say what the next task is."),
    ({"next_type": "fax", "next_due_at": "2026-11-23T10:00"}, "is not one of the available"),
    ({"next_type": "call", "next_due_at": "2026-11-20T10:00"}, "a moment in the future"),
    ({"next_type": "call", "next_due_at": "2026-02-30T10:00"}, "Enter a valid date/time"),
    ({"next_type": "call", "next_due_at": "9999-12-31T23:59"}, "Give a year from"),
    ({"next_type": "call", "next_due_at": "0001-01-01T00:00"}, "Give a year from"),
    ({"next_type": "call", "next_due_at": "2027-03-28T02:30"}, "be interpreted in time zone"),
    ({"outcome": "x" * 2001}, "at most 2000 characters"),
    ({"outcome": "a\x00b"}, "Null characters are not allowed."),
    ({"outcome": "a\x1bb"}, "Control characters are no text."),
]


@pytest.mark.parametrize(("typed", "why"), WRONG)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_is_typed_wrongly_completes_nothing_and_is_told(
    *,
    typed: dict[str, str],
    why: str,
    headers: dict[str, str],
    noon: Any,
    company: Company,
    pages: Client,
) -> None:
    task = company.task(due_at=NOON + timedelta(hours=1))

    answer = pages.post(to("complete", task), typed, headers=headers)

    assert answer.status_code == 400
    assert why.rpartition(": ")[2] in words(answer)
    assert company.reload(task).is_open
    with scope(company.tenant.pk):
        assert Task.objects.count() == 1


def test_page_of_a_task_asks_for_outcome_without_javascript(
    company: Company, pages: Client
) -> None:
    task = company.task()

    page = pages.get(to("complete", task))

    assert page.status_code == 200
    assert "Call for Eva Smit" in words(page)


def test_completion_is_taken_back_for_ten_minutes(
    noon: Any, company: Company, pages: Client
) -> None:
    task = company.task(due_at=NOON + timedelta(hours=1))
    pages.post(to("complete", task))
    noon.shift(timedelta(minutes=9, seconds=59))

    answer = pages.post(to("undo", task), headers=HTMX)
    again = pages.post(to("undo", task), headers=HTMX)

    assert answer.status_code == 200
    assert "Taken back: the task is open again." in words(answer)
    assert "Mark Complete" in words(answer)
    assert company.reload(task).is_open
    assert again.status_code == 409
    assert "This task is open already." in words(again)


def test_completion_stays_after_ten_minutes_and_for_others(
    noon: Any, company: Company, pages: Client, sams_pages: Client
) -> None:
    lead = company.lead(team_ids=[company.team.pk])
    task = company.task(company.application(lead), NOON + timedelta(hours=1))
    pages.post(to("complete", task))

    by_sam = sams_pages.post(to("undo", task), headers=HTMX)
    noon.shift(timedelta(minutes=10, seconds=1))
    late = pages.post(to("undo", task), headers=HTMX)

    assert (by_sam.status_code, late.status_code) == (409, 409)
    assert "Somebody else completed this task" in words(by_sam)
    assert "more than ten minutes ago" in words(late)
    assert "Undo" not in words(late)
    assert not company.reload(task).is_open


def test_task_out_of_sight_is_not_there(
    company: Company, foreign: Company, sams_pages: Client
) -> None:
    hidden, elsewhere = company.task(), foreign.task()
    actions = ("complete", "undo", "reopen", "snooze", "reassign")

    answers = [
        sams_pages.post(to(verb, task), {"to": "tomorrow"}, headers=headers).status_code
        for task in (hidden, elsewhere)
        for verb in actions
        for headers in ({}, HTMX)
    ]

    assert answers == [404] * 20
    assert (company.reload(hidden).version, foreign.reload(elsewhere).version) == (1, 1)


def test_actions_want_a_post_and_a_token(company: Company, counselor: Any) -> None:
    task = company.task()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(counselor, backend="django.contrib.auth.backends.ModelBackend")

    assert strict.post(to("complete", task)).status_code == 403
    assert strict.get(to("undo", task)).status_code == 405
    assert strict.get(reverse("task_bulk")).status_code == 405
    assert company.reload(task).is_open


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "javascript:1", "x"])
def test_action_goes_back_to_pages_of_ours_alone(
    back: str, company: Company, pages: Client
) -> None:
    answer = pages.post(to("complete", company.task()), {"back": back})

    assert answer["Location"] == "/today/"


@pytest.mark.parametrize(
    ("choice", "due_at"),
    [
        ({"to": "tomorrow"}, datetime(2026, 11, 22, 14, 0, tzinfo=UTC)),
        ({"to": "next_week"}, datetime(2026, 11, 23, 14, 0, tzinfo=UTC)),
        ({"to": "day", "day": "2027-03-30"}, datetime(2027, 3, 30, 13, 0, tzinfo=UTC)),
    ],
)
def test_task_is_put_off_to_the_same_time_of_another_day(
    choice: dict[str, str], due_at: datetime, noon: Any, company: Company, pages: Client
) -> None:
    task = company.task(due_at=NOON + timedelta(hours=3))

    pages.post(to("snooze", task), choice)

    assert company.reload(task).due_at == due_at


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({"to": "day"}, "Choose the day first."),
        ({"to": "day", "day": "2026-11-20"}, "a moment in the future"),
        ({"to": "day", "day": "9999-12-31"}, "Give a year from"),
        ({"to": "day", "day": "2026-13-01"}, "Enter a valid date."),
        ({"to": "never"}, "is not one of the available choices"),
        ({}, "This field is required."),
    ],
)
def test_task_is_not_put_off_to_what_is_no_day(
    choice: dict[str, str], why: str, noon: Any, company: Company, pages: Client
) -> None:
    task = company.task(due_at=NOON + timedelta(hours=3))

    page = pages.post(to("snooze", task), choice, follow=True)

    assert why in words(page)
    assert company.reload(task).due_at == task.due_at


def test_task_is_handed_on_to_somebody_who_sees_the_lead(
    company: Company, pages: Client, foreign: Company
) -> None:
    lead = company.lead(team_ids=[company.team.pk])
    task = company.task(company.application(lead))
    hidden = company.task(company.application(company.lead("Own")))

    pages.post(to("reassign", task), {"assignee": str(company.colleague.pk)})
    refused = pages.post(
        to("reassign", hidden), {"assignee": str(company.colleague.pk)}, follow=True
    )
    unknown = pages.post(
        to("reassign", hidden), {"assignee": str(foreign.counselor.pk)}, follow=True
    )

    assert company.reload(task).assignee_id == company.colleague.pk
    assert "Sam Same does not see this lead." in words(refused)
    assert "is not one of the available choices" in words(unknown)
    assert company.reload(hidden).assignee_id is None


def test_many_are_completed_and_each_result_is_told(
    noon: Any, company: Company, pages: Client, sams_pages: Client, foreign: Company
) -> None:
    lead = company.lead(team_ids=[company.team.pk])
    application = company.application(lead)
    tasks = [company.task(application, NOON + timedelta(hours=n)) for n in range(1, 6)]
    hidden = company.task(company.application(company.lead("X", owner_id=None)))
    far = foreign.task()
    sams_pages.post(to("complete", tasks[0]))
    chosen = [str(task.pk) for task in [*tasks, hidden, far]]

    page = pages.post(
        reverse("task_bulk"), {"task": [*chosen, chosen[1]], "to": "complete"}, follow=True
    )

    told = "4 completed. 1 was completed by Sam Same before. 2 were not here any more."
    assert told in words(page)
    assert [company.reload(task).status for task in tasks] == ["completed"] * 5
    assert company.reload(hidden).is_open
    assert foreign.reload(far).is_open


def test_many_are_put_off_each_to_its_own_time_of_day(
    noon: Any, company: Company, pages: Client
) -> None:
    application = company.application()
    tasks = [company.task(application, NOON + timedelta(hours=n)) for n in (-30, 2, 5)]

    page = pages.post(
        reverse("task_bulk"), {"task": [str(t.pk) for t in tasks], "to": "tomorrow"}, follow=True
    )

    assert "3 put off." in words(page)
    assert [company.reload(task).due_at.isoformat() for task in tasks] == [
        "2026-11-22T05:00:00+00:00",
        "2026-11-22T13:00:00+00:00",
        "2026-11-22T16:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ({"to": "complete"}, "Choose tasks first"),
        ({"to": "complete", "task": ["x"]}, "Choose tasks first|is not one of the available"),
        ({"to": "day", "task": [str(uuid4())]}, "Choose the day first."),
        ({"task": [str(uuid4())]}, "This field is required."),
        ({"to": "complete", "task": [str(uuid4()) for _ in range(201)]}, "At most 200 tasks"),
    ],
)
def test_what_cannot_be_done_to_many_is_told(
    sent: dict[str, Any], why: str, company: Company, pages: Client
) -> None:
    page = pages.post(reverse("task_bulk"), sent, follow=True)

    assert any(part in words(page) for part in why.split("|"))


def test_many_completed_by_two_people_at_once_are_done_once(
    company: Company, pages: Client, sams_pages: Client
) -> None:
    leads = [company.lead(f"Lead {n}", team_ids=[company.team.pk]) for n in range(8)]
    tasks = [company.task(company.application(lead)) for lead in leads]
    chosen = {"task": [str(task.pk) for task in tasks], "to": "complete"}

    statuses = at_once([pages, sams_pages], reverse("task_bulk"), chosen)

    assert statuses == [302, 302]
    assert [company.kinds(lead).count("task_completed") for lead in leads] == [1] * 8


def test_slash_at_the_end_of_a_page_is_optional(company: Company, pages: Client) -> None:
    task = company.task()

    answer = pages.post(to("complete", task).rstrip("/"), {"back": "/today"})
    page = pages.get("/today")

    assert (answer.status_code, company.reload(task).status) == (302, "completed")
    assert (page.status_code, "Just completed by you" in words(page)) == (200, True)
