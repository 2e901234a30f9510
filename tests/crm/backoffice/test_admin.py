"""Admin pages of the CRM: forms and actions go through the same operations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.utils import timezone

from core.backoffice.timelines import timeline_of
from core.backoffice.worklists import waiting_work
from core.models import Team, Tenant, User
from core.tenancy import scope
from crm.models import Application, Lead, LeadStage, Task, TimelineEntry
from crm.operations.applications import add_application
from crm.operations.calendar import make_feed
from crm.operations.merge import merge_leads
from crm.operations.tasks import create_task
from crm.operations.timeline import Actor
from tests.crm.data.conftest import seen_by

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]
LogIn = Callable[[User], Client]
ME = Actor(words="test")


def task_of(lead: Lead, now: datetime) -> Task:
    with scope(lead.tenant_id):
        application = add_application(lead_id=lead.pk, programme="Brewing", by=ME, now=now)
        return create_task(
            application_id=application.pk,
            task_type="call",
            due_at=now + timedelta(hours=1),
            by=ME,
            now=now,
        )


def act(browser: Client, model: str, action: str, rows: list[Any], **said: str) -> str:
    """Choose rows and an action; with an answer, also fill in what is asked."""
    data = {"action": action, ACTION_CHECKBOX_NAME: [str(row.pk) for row in rows], **said}
    if said:
        data["answered"] = "1"
    answer = browser.post(f"/admin/crm/{model}/", data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def fresh(row: Any) -> Any:
    with scope(row.tenant_id):
        return type(row).objects.get(pk=row.pk)


def kinds(lead: Lead) -> list[str]:
    with scope(lead.tenant_id):
        entries = TimelineEntry.objects.filter(lead=lead).order_by("happened_at", "created_at")
        return list(entries.values_list("kind", flat=True))


def form_of(lead: Lead, **changes: Any) -> dict[str, Any]:
    no_rows = {
        f"{inline}-{count}_FORMS": "0"
        for inline in ("applications", "tasks")
        for count in ("TOTAL", "INITIAL")
    }
    return {
        **no_rows,
        **{name: getattr(lead, name) or "" for name in ("name", "email", "phone", "source_id")},
        "owner": str(lead.owner_id or ""),
        "seen_version": lead.version,
        **changes,
    }


def test_lead_is_added_by_the_operation(
    admin: User, counselor: User, tenant: Tenant, log_in: LogIn
) -> None:
    fields = {"name": "Ann", "email": "Ann@example.com", "phone": "0612345678",
              "owner": str(counselor.pk)}  # fmt: skip

    answer = log_in(admin).post("/admin/crm/lead/add/", fields)

    assert answer.status_code == 302
    with scope(tenant.pk):
        [lead] = Lead.objects.all()
    assert (lead.phone_normalised, lead.owner_id) == ("+31612345678", counselor.pk)
    assert kinds(lead) == ["created"]


def test_edit_of_a_lead_is_kept_in_the_timeline(
    admin: User, counselor: User, new_lead: NewLead, log_in: LogIn
) -> None:
    lead = new_lead()
    url = f"/admin/crm/lead/{lead.pk}/change/"

    answer = log_in(admin).post(url, form_of(lead, name="Ann", owner=str(counselor.pk)))

    assert answer.status_code == 302
    assert (fresh(lead).name, fresh(lead).owner_id) == ("Ann", counselor.pk)
    assert sorted(kinds(lead)) == ["created", "edited", "reassigned"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": "nope"}, "This is not an e-mail address."),
        ({"source_id": "taken"}, "Another lead has this id of its source."),
        ({"name": ""}, "This field is required."),
        ({"name": "a\0b"}, "Null characters are not allowed."),
        ({"name": "a\x07b"}, "Control characters are no text."),
        ({"seen_version": "7"}, "Somebody else changed this meanwhile"),
        ({"owner": "x"}, "Select a valid choice"),
    ],
)
def test_refusal_stands_at_the_field(
    admin: User, new_lead: NewLead, log_in: LogIn, change: dict[str, str], words: str
) -> None:
    new_lead(source_id="taken")
    lead = new_lead()

    answer = log_in(admin).post(f"/admin/crm/lead/{lead.pk}/change/", form_of(lead, **change))

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert kinds(lead) == ["created"]


def test_counselor_gives_no_lead_out_of_sight(
    counselor: User, colleague: User, new_lead: NewLead, log_in: LogIn
) -> None:
    lead = new_lead(owner_id=counselor.pk)
    hidden = new_lead(owner_id=colleague.pk)
    browser = log_in(counselor)

    answer = browser.post(
        f"/admin/crm/lead/{lead.pk}/change/", form_of(lead, owner=str(colleague.pk))
    )

    assert "Own the lead yourself" in answer.content.decode()
    assert browser.get(f"/admin/crm/lead/{hidden.pk}/change/").status_code == 302
    assert fresh(lead).owner_id == counselor.pk


def test_leads_are_moved_with_a_note(admin: User, new_lead: NewLead, log_in: LogIn) -> None:
    leads = [new_lead(), new_lead("Eva Smit")]
    browser = log_in(admin)

    asked = act(browser, "lead", "move", leads)
    refused = act(browser, "lead", "move", leads, stage="disqualified", note="")
    moved = act(browser, "lead", "move", leads, stage="disqualified", note="No answer")

    assert "Move to which stage?" in asked
    assert "Disqualified needs a note" in refused
    assert "Moved: 2." in moved
    assert [fresh(lead).stage for lead in leads] == ["disqualified"] * 2


def test_leads_are_handed_on(
    admin: User, counselor: User, *, team: Team, new_lead: NewLead, log_in: LogIn
) -> None:
    lead = new_lead()

    act(log_in(admin), "lead", "assign", [lead], owner=str(counselor.pk), teams=str(team.pk))

    assert (fresh(lead).owner_id, fresh(lead).team_ids) == (counselor.pk, [team.pk])


def test_two_leads_are_merged_and_not_three(admin: User, new_lead: NewLead, log_in: LogIn) -> None:
    leads = [new_lead(f"Lead {n}") for n in range(3)]
    browser = log_in(admin)

    refused = act(browser, "lead", "merge", leads)
    act(browser, "lead", "merge", leads[:2], survivor=str(leads[1].pk))

    assert "Choose exactly two leads to merge." in refused
    assert fresh(leads[0]).merged_into_id == leads[1].pk


def test_merged_lead_can_only_be_looked_at(
    admin: User, new_lead: NewLead, log_in: LogIn, now: datetime
) -> None:
    one, other = new_lead(), new_lead()
    with scope(one.tenant_id):
        merge_leads(survivor_id=one.pk, duplicate_id=other.pk, by=ME, now=now)

    answer = log_in(admin).post(f"/admin/crm/lead/{other.pk}/change/", form_of(other, name="X"))

    assert answer.status_code == 403


def test_tasks_are_completed_reopened_and_given_on(
    admin: User, counselor: User, *, new_lead: NewLead, log_in: LogIn, now: datetime
) -> None:
    task = task_of(new_lead(owner_id=counselor.pk), now)
    browser = log_in(admin)

    done = act(browser, "task", "complete", [task], outcome="Reached")
    twice = act(browser, "task", "complete", [task], outcome="Reached")
    status = fresh(task).status
    act(browser, "task", "reopen", [task])
    act(browser, "task", "reassign", [task], assignee=str(counselor.pk))

    assert "Completed: 1." in done
    assert "has completed this task already" in twice
    assert (status, fresh(task).status, fresh(task).assignee_id) == (
        "completed", "open", counselor.pk
    )  # fmt: skip


def test_task_is_put_off_by_the_operation(
    admin: User, new_lead: NewLead, log_in: LogIn, now: datetime
) -> None:
    task = task_of(new_lead(), now)
    url, browser = f"/admin/crm/task/{task.pk}/change/", log_in(admin)

    past = browser.post(url, {"due_at": "2020-01-01T10:00", "assignee": ""})
    browser.post(url, {"due_at": "2030-01-01T10:00", "assignee": ""})

    assert "This must be a moment in the future." in past.content.decode()
    assert fresh(task).due_at.isoformat() == "2030-01-01T09:00:00+00:00"
    assert fresh(task).version == 2


def test_application_and_task_are_added_by_operations(
    admin: User, tenant: Tenant, new_lead: NewLead, log_in: LogIn
) -> None:
    lead, browser = new_lead(), log_in(admin)

    browser.post(
        "/admin/crm/application/add/",
        {"lead": str(lead.pk), "programme": "Brewing", "fee": "75.00", "currency": "EUR"},
    )
    with scope(tenant.pk):
        [application] = Application.objects.all()
    browser.post(
        "/admin/crm/task/add/",
        {"application": str(application.pk), "type": "call", "due_at": "2030-01-01T10:00"},
    )

    with scope(tenant.pk):
        [task] = Task.objects.all()
    assert (application.fee_minor, task.type) == (7500, "call")
    assert kinds(lead) == ["created", "application_added", "task_added"]


@pytest.mark.parametrize("lead_id", ["x", "00000000-0000-0000-0000-000000000000", "\0"])
def test_application_of_no_lead_is_refused(
    admin: User, tenant: Tenant, log_in: LogIn, lead_id: str
) -> None:
    answer = log_in(admin).post(
        "/admin/crm/application/add/", {"lead": lead_id, "programme": "B", "currency": "EUR"}
    )

    assert answer.status_code == 200
    with scope(tenant.pk):
        assert Application.objects.count() == 0


def test_stages_are_edited_by_admins_alone(
    admin: User, counselor: User, tenant: Tenant, log_in: LogIn
) -> None:
    with scope(tenant.pk):
        stage = LeadStage.objects.get(key="contacted")
    url = f"/admin/crm/leadstage/{stage.pk}/change/"
    fields = {"name": "Called", "position": "25", "outcome": "open", "deadline_days": "3",
              "needs_note": "on"}  # fmt: skip

    forbidden = log_in(counselor).post(url, fields)
    log_in(admin).post(url, fields)
    added = log_in(admin).post(
        "/admin/crm/leadstage/add/", {**fields, "key": "contacted", "name": "Again"}
    )

    stage = fresh(stage)
    assert forbidden.status_code == 403
    assert (stage.name, stage.position, stage.deadline_days, stage.needs_note) == (
        "Called", 25, 3, True
    )  # fmt: skip
    assert "Another stage has this key." in added.content.decode()


@pytest.mark.parametrize(
    ("waiting", "name"),
    [("quiet", "Quiet"), ("deadline", "Quiet"), ("nobody", "Nobody"), ("left", "Left")],
)
def test_leads_are_narrowed_to_what_they_wait_for(
    admin: User, counselor: User, *, new_lead: NewLead, log_in: LogIn, waiting: str, name: str,
) -> None:  # fmt: skip
    gone = User.objects.create_user("gone@amber.example", "x", tenant=admin.tenant)
    new_lead("Quiet Lead", owner_id=counselor.pk, now=timezone.now() - timedelta(days=30))
    new_lead("Nobody Lead")
    new_lead("Left Lead", owner_id=gone.pk)
    User.objects.filter(pk=gone.pk).update(is_active=False)

    page = log_in(admin).get(f"/admin/crm/lead/?waiting={waiting}").content.decode()

    shown = {word for word in ("Quiet", "Nobody", "Left") if f"{word} Lead</a>" in page}
    assert shown == {name}


def test_worklists_count_what_waits(
    admin: User, counselor: User, *, new_lead: NewLead, now: datetime
) -> None:
    gone = User.objects.create_user("gone@amber.example", "x", tenant=admin.tenant)
    new_lead("Quiet", owner_id=counselor.pk, now=now - timedelta(days=30))
    new_lead("Nobody", email="a@example.com")
    new_lead("Left", email="a@example.com", owner_id=gone.pk)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    mine = ("leads_left", "leads_without_owner", "stage_deadlines_missed", "quiet_leads",
            "possible_duplicates")  # fmt: skip

    with seen_by(admin):
        work = {w.worklist.name: w.count for w in waiting_work(user=admin, now=now)}

    assert {name: work[name] for name in mine} == dict.fromkeys(mine, 1)


def test_timeline_in_the_admin_tells_of_merged_leads_too(
    admin: User, new_lead: NewLead, now: datetime
) -> None:
    one, other = new_lead(), new_lead("Anna")
    with scope(one.tenant_id):
        merge_leads(survivor_id=one.pk, duplicate_id=other.pk, by=ME, now=now)

        told = [happening.what for happening in timeline_of(one)]

    assert sorted(told) == ["Added", "Added", "Merged", "Merged"]


def test_secret_of_a_calendar_is_not_shown(admin: User, counselor: User, log_in: LogIn) -> None:
    with seen_by(counselor):
        feed = make_feed(user=counselor)

    page = log_in(admin).get(f"/admin/crm/calendarfeed/{feed.pk}/change/").content.decode()

    assert "Cem Counselor" in page
    assert feed.token not in page
