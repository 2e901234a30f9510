"""Reminders: to the right person, once, in the company's hours."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.celery import app
from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import scope
from crm.models import Lead, LeadStage, Reminder, Task
from crm.operations.applications import add_application
from crm.operations.handover import hand_over
from crm.operations.reminders import moment, remind
from crm.operations.tasks import complete_task, create_task, snooze_task
from crm.operations.timeline import Actor, add_note
from crm.queries.deadlines import leads_of_people_who_left, quiet_leads, stage_missed
from tests.crm.data.conftest import seen_by

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]
ME = Actor(words="test")


def task_of(lead: Lead, now: datetime, due_at: datetime, assignee: User | None = None) -> Task:
    with scope(lead.tenant_id):
        application = add_application(lead_id=lead.pk, programme="Brewing", by=ME, now=now)
        return create_task(
            application_id=application.pk,
            task_type="call",
            due_at=due_at,
            assignee_id=assignee.pk if assignee else None,
            by=ME,
            now=now,
        )


def told(tenant: Tenant, kind: str = "task_due") -> list[tuple[str, str]]:
    with scope(tenant.pk):
        rows = Reminder.objects.filter(kind=kind).select_related("user")
        return sorted((str(row.user), row.text) for row in rows)


def names(tenant: Tenant, kind: str = "task_due") -> list[str]:
    return [name for name, _ in told(tenant, kind)]


def test_task_is_brought_up_shortly_before_it_is_due(
    tenant: Tenant, counselor: User, new_lead: NewLead
) -> None:
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    lead = new_lead(owner_id=counselor.pk, now=now)
    task_of(lead, now, now + timedelta(hours=1))

    remind(tenant_id=tenant.pk, now=now + timedelta(minutes=30))
    early = told(tenant)
    remind(tenant_id=tenant.pk, now=now + timedelta(minutes=50))

    assert early == []
    assert told(tenant) == [("Cem Counselor", "Call with Jonas Bakker is due at 14:00")]


def test_reminding_again_tells_nobody_twice(
    tenant: Tenant, counselor: User, new_lead: NewLead, now: datetime
) -> None:
    task_of(new_lead(owner_id=counselor.pk), now, now + timedelta(minutes=5))

    counts = [
        remind(tenant_id=tenant.pk, now=now + timedelta(minutes=minutes)) for minutes in (1, 6, 11)
    ]

    assert (counts, names(tenant)) == ([1, 0, 0], ["Cem Counselor"])


def test_two_beats_at_once_tell_once(
    tenant: Tenant, counselor: User, new_lead: NewLead, now: datetime
) -> None:
    lead = new_lead(owner_id=counselor.pk)
    for _ in range(5):
        task_of(lead, now, now + timedelta(minutes=5))
    start = Barrier(4)

    def run(_: int) -> None:
        start.wait()
        try:
            remind(tenant_id=tenant.pk, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as beats:
        list(beats.map(run, range(4)))

    assert names(tenant) == ["Cem Counselor"] * 5


def test_task_put_off_is_a_new_occasion(
    tenant: Tenant, counselor: User, new_lead: NewLead, now: datetime
) -> None:
    task = task_of(new_lead(owner_id=counselor.pk), now, now + timedelta(minutes=5))
    remind(tenant_id=tenant.pk, now=now)
    later = now + timedelta(hours=2)
    with scope(tenant.pk):
        snooze_task(task_id=task.pk, due_at=later, by=ME, now=now)

    remind(tenant_id=tenant.pk, now=later)

    assert len(told(tenant)) == 2


def test_completed_task_is_not_brought_up(
    tenant: Tenant, counselor: User, new_lead: NewLead, now: datetime
) -> None:
    task = task_of(new_lead(owner_id=counselor.pk), now, now + timedelta(minutes=5))
    with scope(tenant.pk):
        complete_task(task_id=task.pk, by=ME, now=now)

    remind(tenant_id=tenant.pk, now=now)

    assert told(tenant) == []


def test_assignee_comes_before_owner_team_and_admins(
    tenant: Tenant, admin: User, *, counselor: User, colleague: User, team: Team,
    new_lead: NewLead, now: datetime,
) -> None:  # fmt: skip
    with scope(tenant.pk):
        TeamMembership.objects.create(tenant=tenant, team=team, user=colleague)
    task_of(
        new_lead(owner_id=colleague.pk, team_ids=[team.pk]), now, now + timedelta(minutes=5),
        counselor,
    )  # fmt: skip
    steps = []

    for gone in (None, counselor, colleague):
        if gone is not None:
            User.objects.filter(pk=gone.pk).update(is_active=False)
        remind(tenant_id=tenant.pk, now=now)
        steps.append(names(tenant))
        with scope(tenant.pk):
            Reminder.objects.all().delete()

    assert steps == [["Cem Counselor"], ["Dana Doe"], ["Ada Admin"]]


def test_lead_without_owner_goes_to_its_team(
    tenant: Tenant, *, admin: User, colleague: User, team: Team, new_lead: NewLead, now: datetime
) -> None:
    with scope(tenant.pk):
        TeamMembership.objects.create(tenant=tenant, team=team, user=colleague)
    task_of(new_lead(team_ids=[team.pk]), now, now + timedelta(minutes=5))

    remind(tenant_id=tenant.pk, now=now)

    assert names(tenant) == ["Cem Counselor", "Dana Doe"]


@pytest.mark.parametrize(("stage", "days"), [("contacted", 7), ("advising", 14), ("waiting", 14)])
def test_quiet_lead_is_brought_up_once_per_silence(
    tenant: Tenant, *, counselor: User, new_lead: NewLead, now: datetime, stage: str, days: int
) -> None:
    with scope(tenant.pk):
        LeadStage.objects.create(tenant=tenant, key="waiting", name="Waiting", position=35)
    lead = new_lead(owner_id=counselor.pk, stage=stage)
    quiet = now + timedelta(days=days, minutes=1)

    remind(tenant_id=tenant.pk, now=now + timedelta(days=days) - timedelta(minutes=1))
    early = told(tenant, "lead_quiet")
    remind(tenant_id=tenant.pk, now=quiet)
    remind(tenant_id=tenant.pk, now=quiet + timedelta(days=1))
    first = names(tenant, "lead_quiet")
    with scope(tenant.pk):
        add_note(lead_id=lead.pk, text="Called", by=ME, now=quiet + timedelta(days=1))
    remind(tenant_id=tenant.pk, now=quiet + timedelta(days=2 + days))

    assert (early, first) == ([], ["Cem Counselor"])
    assert len(told(tenant, "lead_quiet")) == 2


def test_missed_deadlines_of_leads_and_applications_are_brought_up(
    tenant: Tenant, counselor: User, new_lead: NewLead, now: datetime
) -> None:
    lead = new_lead(owner_id=counselor.pk, stage="converted")
    new_lead("Eva Smit", owner_id=counselor.pk)
    with scope(tenant.pk):
        add_application(lead_id=lead.pk, programme="Brewing", by=ME, now=now)

    remind(tenant_id=tenant.pk, now=now + timedelta(days=2, hours=1))
    remind(tenant_id=tenant.pk, now=now + timedelta(days=14, hours=1))

    texts = [text for _, text in told(tenant, "stage_deadline")]
    assert [text.partition(" has")[0] for text in texts] == ["Brewing of Jonas Bakker", "Eva Smit"]


def test_old_silence_is_left_to_the_worklist(
    tenant: Tenant, counselor: User, new_lead: NewLead, now: datetime
) -> None:
    new_lead(owner_id=counselor.pk, now=now - timedelta(days=400))

    remind(tenant_id=tenant.pk, now=now)

    with scope(tenant.pk):
        assert quiet_leads(now).count() == 1
        assert stage_missed(Lead.objects.standing(), now).count() == 1
    assert told(tenant, "lead_quiet") == told(tenant, "stage_deadline") == []


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (datetime(2026, 11, 21, 13, 30, tzinfo=UTC), "at 14:30"),
        (datetime(2026, 11, 3, 8, 0, tzinfo=UTC), "on 3 Nov at 09:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "on 25 Oct at 02:30 CEST"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "on 25 Oct at 02:30 CET"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "on 29 Mar at 03:00"),
    ],
)
def test_moments_are_those_of_the_companys_clocks(when: datetime, words: str) -> None:
    now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    assert moment(when, now, ZoneInfo("Europe/Amsterdam")) == words


def test_reminders_of_other_tenants_and_people_are_hidden(
    tenant: Tenant, *, other_tenant: Tenant, counselor: User, colleague: User, new_lead: NewLead,
    now: datetime,
) -> None:  # fmt: skip
    task_of(new_lead(owner_id=counselor.pk), now, now + timedelta(minutes=5))
    remind(tenant_id=tenant.pk, now=now)

    seen = []
    for person in (counselor, colleague):
        with seen_by(person):
            seen.append(Reminder.objects.count())
    with scope(other_tenant.pk):
        seen.append(Reminder.objects.count())

    assert seen == [1, 0, 0]


def test_many_causes_cost_few_statements(
    tenant: Tenant, counselor: User, new_lead: NewLead, now: datetime
) -> None:
    costs = []
    for _ in range(2):
        for _ in range(8):
            task_of(new_lead(owner_id=counselor.pk), now, now + timedelta(minutes=5))
        with CaptureQueriesContext(connection) as asked:
            remind(tenant_id=tenant.pk, now=now)
        costs.append(len(asked))

    assert costs[0] == costs[1]


def test_beat_reminds_and_sweeps() -> None:
    wanted = {"crm.remind": 300.0, "crm.sweep": 60.0}

    assert {name: app.conf.beat_schedule[name]["schedule"] for name in wanted} == wanted


def test_leads_of_somebody_who_left_are_handed_on(
    tenant: Tenant, *, admin: User, counselor: User, colleague: User, new_lead: NewLead,
    log_in: Callable[[User], Client],
) -> None:  # fmt: skip
    leads = [new_lead(f"Lead {n}", owner_id=counselor.pk) for n in range(3)]
    User.objects.filter(pk=counselor.pk).update(is_active=False)
    browser = log_in(admin)

    shown = browser.get("/leads/left/")
    answer = browser.post(
        "/leads/left/",
        {"lead": [str(lead.pk) for lead in leads[:2]] + ["x"], "owner": str(colleague.pk)},
        follow=True,
    )

    assert shown.content.decode().count("Cem Counselor") == 3
    assert "Dana Doe looks after 2 of 2 leads now." in answer.content.decode()
    with scope(tenant.pk):
        assert [lead.pk for lead in leads_of_people_who_left()] == [leads[2].pk]


def test_handing_over_again_changes_nothing(
    tenant: Tenant, colleague: User, new_lead: NewLead, now: datetime
) -> None:
    lead = new_lead()
    with scope(tenant.pk):
        done = [hand_over(lead_ids=[lead.pk], owner=colleague, by=ME, now=now) for _ in range(2)]

    assert done == [1, 0]


def test_page_of_leads_left_is_for_admins(
    counselor: User, log_in: Callable[[User], Client]
) -> None:
    assert log_in(counselor).get("/leads/left/").status_code == 403
