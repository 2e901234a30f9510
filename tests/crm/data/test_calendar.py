"""The calendar of one's tasks at a secret address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from icalendar import Calendar

from core.models import Entry, Tenant, User
from core.tenancy import scope
from crm.models import CalendarFeed, Lead, Task
from crm.operations.applications import add_application
from crm.operations.calendar import make_feed, renew_feed, revoke_feed, short_name
from crm.operations.tasks import complete_task, create_task, reassign_task, snooze_task
from crm.operations.timeline import Actor
from tests.crm.data.conftest import seen_by

pytestmark = pytest.mark.django_db

NewLead = Callable[..., Lead]
ME = Actor(words="test")


@pytest.fixture
def task(new_lead: NewLead, counselor: User, now: datetime) -> Task:
    """A call of `counselor` with one of their leads."""
    lead = new_lead(owner_id=counselor.pk, email="jonas@example.com", phone="0612345678")
    with scope(lead.tenant_id):
        application = add_application(lead_id=lead.pk, programme="Brewing", by=ME, now=now)
        return create_task(
            application_id=application.pk,
            task_type="call",
            due_at=now.replace(microsecond=0) + timedelta(days=1),
            note="Owes us money",
            by=ME,
            now=now,
        )


@pytest.fixture
def address(counselor: User) -> str:
    """The path of the calendar of `counselor`."""
    with seen_by(counselor):
        return f"/calendar/{make_feed(user=counselor).token}.ics"


def events(address: str) -> list[object]:
    answer = Client().get(address)
    assert answer.status_code == 200
    return list(Calendar.from_ical(answer.content).walk("VEVENT"))


def test_calendar_shows_open_tasks_and_little_of_them(task: Task, address: str) -> None:
    answer = Client().get(address)

    [event] = Calendar.from_ical(answer.content).walk("VEVENT")
    text = answer.content.decode()
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert (str(event["UID"]), event["SEQUENCE"]) == (f"{task.pk}@taproom", 1)
    assert event["DTSTART"].dt == task.due_at
    assert f"DTSTART:{task.due_at:%Y%m%dT%H%M%SZ}" in text
    assert str(event["SUMMARY"]) == "Call: Jonas B."
    for private in ("jonas@example.com", "0612345678", "612345678", "Bakker", "money"):
        assert private not in text


def test_calendar_follows_the_task(task: Task, address: str, now: datetime) -> None:
    with scope(task.tenant_id):
        snooze_task(task_id=task.pk, due_at=now + timedelta(days=2), by=ME, now=now)
    [moved] = events(address)
    with scope(task.tenant_id):
        complete_task(task_id=task.pk, by=ME, now=now)

    assert moved["SEQUENCE"] == 2  # type: ignore[index]
    assert events(address) == []


def test_calendar_holds_what_one_is_to_do(
    task: Task, address: str, admin: User, now: datetime
) -> None:
    with scope(task.tenant_id):
        reassign_task(task_id=task.pk, assignee_id=admin.pk, by=ME, now=now)

    assert events(address) == []


def test_calendar_shows_no_lead_that_its_owner_no_longer_sees(
    task: Task, address: str, counselor: User, colleague: User
) -> None:
    with scope(task.tenant_id):
        Task.objects.filter(pk=task.pk).update(assignee=counselor)
        Lead.objects.filter(pk=task.lead_id).update(owner=colleague)

    assert events(address) == []


def test_calendar_that_did_not_change_is_not_sent_again(
    task: Task, address: str, now: datetime
) -> None:
    first = Client().get(address)

    by_tag = Client().get(address, headers={"If-None-Match": first["ETag"]})
    weak = Client().get(address, headers={"If-None-Match": f'"x", W/{first["ETag"]}'})
    by_time = Client().get(address, headers={"If-Modified-Since": first["Last-Modified"]})
    with scope(task.tenant_id):
        complete_task(task_id=task.pk, by=ME, now=now)
    changed = Client().get(address, headers={"If-None-Match": first["ETag"]})

    assert [a.status_code for a in (by_tag, weak, by_time, changed)] == [304, 304, 304, 200]
    assert by_tag.content == b""


@pytest.mark.parametrize("header", ["nonsense", '"', "Thu, 99 Foo", ""])
def test_odd_conditions_are_answered(address: str, header: str) -> None:
    answer = Client().get(address, headers={"If-None-Match": header, "If-Modified-Since": header})

    assert answer.status_code == 200


def test_revoked_address_is_gone_and_a_new_one_works(
    task: Task, address: str, counselor: User, now: datetime
) -> None:
    with seen_by(counselor):
        feed = renew_feed(user=counselor, now=now)
    renewed = Client().get(f"/calendar/{feed.token}.ics")
    old = Client().get(address)
    with seen_by(counselor):
        once, twice = (revoke_feed(user=counselor, now=now) for _ in range(2))

    assert (renewed.status_code, old.status_code, once, twice) == (200, 404, True, False)
    assert Client().get(f"/calendar/{feed.token}.ics").status_code == 404
    assert not Entry.objects.filter(kind="calendar_feed").exists()


def test_calendar_of_somebody_who_left_is_gone(address: str, counselor: User) -> None:
    User.objects.filter(pk=counselor.pk).update(is_active=False)

    assert Client().get(address).status_code == 404


def test_calendar_of_a_closed_company_is_gone(address: str, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)

    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("secret", ["x", "%00", "a" * 3000, "né", "..%2f"])
def test_unknown_address_is_gone(db: None, secret: str) -> None:
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404


def test_guessing_is_slowed_down(db: None) -> None:
    browser = Client()

    answers = [browser.get("/calendar/guess.ics").status_code for _ in range(61)]

    assert (answers[59], answers[60]) == (404, 429)


def test_making_an_address_twice_gives_the_same(counselor: User) -> None:
    with seen_by(counselor):
        tokens = {make_feed(user=counselor).token for _ in range(2)}

    assert len(tokens) == 1


def test_page_makes_renews_and_revokes(counselor: User, log_in: Callable[[User], Client]) -> None:
    browser = log_in(counselor)
    said = []

    for what in ("make", "renew", "revoke", "nonsense"):
        said.append(browser.post("/today/calendar/", {"do": what}, follow=True).content.decode())

    assert "/calendar/" in said[0]
    assert ".ics" in said[1]
    assert "You have no address yet" in said[2]
    assert "Nothing was changed" in said[3]


def test_calendar_is_ones_own(
    address: str, counselor: User, colleague: User, other_tenant: Tenant
) -> None:
    seen = []
    for person in (counselor, colleague):
        with seen_by(person):
            seen.append(CalendarFeed.objects.count())
    with scope(other_tenant.pk):
        seen.append(CalendarFeed.objects.count())

    assert seen == [1, 0, 0]


@pytest.mark.parametrize(
    ("name", "short"),
    [("Jonas Bakker", "Jonas B."), ("Madonna", "Madonna"), ("  Ana  María  Ruiz ", "Ana R.")],
)
def test_names_are_shortened(name: str, short: str) -> None:
    assert short_name(name) == short
