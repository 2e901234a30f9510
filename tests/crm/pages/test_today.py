"""The page of today: what it shows to whom, in which order, at what cost."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import Tenant
from core.periods import day_containing
from core.tenancy import scope
from crm.models import Lead, PaymentRequest, Reminder, Task
from tests.backoffice.conftest import logged_in
from tests.crm.pages.conftest import Company, words

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)


def names(response: HttpResponse) -> list[str]:
    """The applicants whose tasks are listed, in order."""
    return re.findall(r'class="name" data-open href="[^"]*"[^>]*>([^<]+)<', body(response))


def body(response: HttpResponse) -> str:
    return response.content.decode()


def at(hour: int, minute: int = 0, day: int = 21) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def noon() -> object:
    """Saturday at noon in Amsterdam."""
    with time_machine.travel(NOON, tick=False):
        yield NOON


def test_row_says_type_application_due_time_and_status(
    noon: datetime, company: Company, pages: Client
) -> None:
    task = company.task(company.application(programme="Brewing"), at(13, 30))

    page = pages.get("/today/")

    row = words(page)
    assert f'href="{reverse("application", args=[task.application_id])}"' in body(page)
    assert f'<code title="{task.application_id}">' in body(page)
    assert "Call Eva Smit Brewing ·" in row
    assert "Today, 14:30 Open Mark Complete" in row


def test_overdue_tasks_come_first_and_are_marked_in_words(
    noon: datetime, company: Company, pages: Client
) -> None:
    for name, due_at in [("Later", at(20)), ("Long ago", at(9, day=18)), ("This morning", at(9))]:
        company.task(company.application(company.lead(name)), due_at)

    page = pages.get("/today/")

    assert names(page) == ["Long ago", "This morning", "Later"]
    assert re.findall(r"! Overdue \w+ \w+", words(page)) == ["! Overdue 3 days", "! Overdue 2 h"]
    assert "2 overdue 1 later today" in words(page)


def test_completed_tasks_and_tomorrows_are_not_listed(
    noon: datetime, company: Company, pages: Client
) -> None:
    company.task(company.application(company.lead("Tomorrow")), at(23, 30))
    done = company.task(company.application(company.lead("Done")), at(12))
    with scope(company.tenant.pk):
        Task.objects.filter(pk=done.pk).update(status="completed", completed_at=NOON)

    page = pages.get("/today/")

    assert names(page) == []
    assert "Nothing waits today." in words(page)


@pytest.mark.parametrize(
    ("zone", "now", "last_moment"),
    [
        ("Europe/Amsterdam", "2026-10-25T10:00:00Z", "2026-10-25T22:59:59Z"),
        ("Europe/Amsterdam", "2026-03-29T10:00:00Z", "2026-03-29T21:59:59Z"),
        ("America/New_York", "2026-11-01T12:00:00Z", "2026-11-02T04:59:59Z"),
        ("Pacific/Auckland", "2026-11-21T11:30:00Z", "2026-11-22T10:59:59Z"),
        ("Asia/Kolkata", "2026-11-21T18:29:00Z", "2026-11-21T18:29:59Z"),
        ("Pacific/Kiritimati", "2026-11-21T09:59:00Z", "2026-11-21T09:59:59Z"),
        ("Pacific/Kiritimati", "2026-11-21T10:00:00Z", "2026-11-22T09:59:59Z"),
        ("America/St_Johns", "2026-11-01T02:31:00Z", "2026-11-02T03:29:59Z"),
        ("America/St_Johns", "2026-03-08T03:31:00Z", "2026-03-09T02:29:59Z"),
    ],
)
def test_day_ends_when_it_ends_in_the_calendar_of_the_company(
    zone: str, now: str, last_moment: str, company: Company, pages: Client
) -> None:
    Tenant.objects.filter(pk=company.tenant.pk).update(time_zone=zone)
    last = datetime.fromisoformat(last_moment)
    with time_machine.travel(now, tick=False):
        company.now = timezone.now()
        company.task(company.application(company.lead("Last moment")), last)
        company.task(company.application(company.lead("Next day")), last + timedelta(seconds=1))

        page = pages.get("/today/")

    assert names(page) == ["Last moment"]
    company.tenant.refresh_from_db()
    assert day_containing(last, company.tenant.zone).ends_at == last + timedelta(seconds=1)


def test_counselor_sees_own_leads_and_the_teams_and_no_others(
    noon: datetime, company: Company, foreign: Company
) -> None:
    places = {
        "Own": {},
        "Team": {"owner_id": company.colleague.pk, "team_ids": [company.team.pk]},
        "Hidden": {"owner_id": company.colleague.pk},
        "Nobody": {"owner_id": None},
    }
    for name, place in places.items():
        company.task(company.application(company.lead(name, **place)), at(12))
    foreign.task(foreign.application(foreign.lead("Foreign")), at(12))

    seen = {
        person.name: set(names(logged_in(person).get("/today/")))
        for person in (company.counselor, company.colleague, company.admin)
    }

    assert seen == {
        "Cem Counselor": {"Own", "Team"},
        "Sam Same": {"Team", "Hidden"},
        "Ada Admin": {"Own", "Team", "Hidden", "Nobody"},
    }
    assert names(logged_in(foreign.admin).get("/today/")) == ["Foreign"]


def test_nobody_sees_it_without_logging_in(client: Client, db: None) -> None:
    assert client.get("/today/")["Location"] == "/accounts/login/?next=/today/"


def test_filters_stand_in_the_address(
    noon: datetime, company: Company, admins_pages: Client
) -> None:
    team_lead = company.lead("Team", owner_id=company.colleague.pk, team_ids=[company.team.pk])
    company.task(company.application(company.lead("Call")), at(12))
    company.task(company.application(company.lead("Late")), at(9), type="email")
    company.task(company.application(team_lead), at(13), type="review")
    company.task(company.application(company.lead("Handed")), at(14), assignee_id=company.admin.pk)
    company.task(company.application(company.lead("Free", owner_id=None)), at(15))

    found = {
        query: names(admins_pages.get(f"/today/?{query}"))
        for query in (
            "type=email",
            "overdue=on",
            f"team={company.team.pk}",
            f"counselor={company.colleague.pk}",
            f"assignee={company.counselor.pk}",
            "assignee=me",
            "assignee=nobody",
        )
    }

    assert list(found.values()) == [
        ["Late"],
        ["Late"],
        ["Team"],
        ["Team"],
        ["Late", "Call"],
        ["Handed"],
        ["Free"],
    ]


@pytest.mark.parametrize(
    "query",
    ["type=fax", "assignee=%00", "assignee=1", "team=x", "counselor=00000000", "team=%F0%9F%8D%BA"],
)
def test_filter_that_cannot_be_read_is_told(query: str, company: Company, pages: Client) -> None:
    page = pages.get(f"/today/?{query}")

    assert page.status_code == 400
    assert "The filter cannot be read." in words(page)


@pytest.mark.parametrize("cursor", ["x", "%00", "WyIwMDAxIiwgIngiXQ", "9" * 500, "bnVsbA"])
def test_place_that_cannot_be_read_starts_anew(
    noon: datetime, cursor: str, company: Company, pages: Client
) -> None:
    company.task()

    assert names(pages.get(f"/today/?after={cursor}")) == ["Eva Smit"]


def test_long_list_is_shown_in_parts(noon: datetime, company: Company, pages: Client) -> None:
    application = company.application()
    made = [company.task(application, at(8) + timedelta(minutes=n)) for n in range(120)]

    shown: list[str] = []
    url, parts = "/today/", 0
    while url:
        page = pages.get(url)
        shown += re.findall(r'id="task-([0-9a-f-]+)"', body(page))
        parts += 1
        following = re.search(r'rel="next" href="([^"]+)"', body(page))
        url = f"/today/{following[1]}".replace("&amp;", "&") if following else ""

    assert shown == [str(task.pk) for task in made]
    assert parts == 3


def test_page_costs_the_same_for_many_rows(
    noon: datetime, company: Company, admins_pages: Client
) -> None:
    def fill() -> None:
        lead = company.lead(
            owner_id=company.colleague.pk,
            team_ids=[company.team.pk],
            next_action="Call",
            next_action_at=at(10),
        )
        application = company.application(lead, fee_minor=5000, currency="EUR")
        company.task(application, at(9))
        done = company.task(application, at(12), assignee_id=company.colleague.pk)
        with scope(company.tenant.pk):
            Task.objects.filter(pk=done.pk).update(
                status="completed", completed_at=NOON, completed_by=company.admin
            )
            for state in ("failed", "paid"):
                other = company.application(lead)
                PaymentRequest.objects.create(
                    tenant=company.tenant,
                    application=other,
                    amount_minor=5000,
                    currency="EUR",
                    state=state,
                    paid_at=NOON if state == "paid" else None,
                )
            Reminder.objects.create(
                tenant=company.tenant,
                kind="lead_quiet",
                lead=lead,
                user=company.admin,
                occasion=str(lead.pk),
                text="Quiet",
            )

    for url in ("/today/", "/today/?by=counselor"):
        fill()
        admins_pages.get(url)
        with CaptureQueriesContext(connection) as for_few:
            admins_pages.get(url)
        for _ in range(30):
            fill()

        with CaptureQueriesContext(connection) as for_many:
            page = admins_pages.get(url)

        assert len(for_many) == len(for_few)
    assert page.status_code == 200


def test_next_actions_of_leads_appear_on_their_day(
    noon: datetime, company: Company, pages: Client
) -> None:
    for name, when in [("Due", at(9)), ("Tonight", at(20)), ("Tomorrow", at(9, day=22))]:
        company.lead(name, next_action="Send brochure", next_action_at=when)

    page = pages.get("/today/")

    assert names(page) == ["Due", "Tonight"]
    assert "Due Send brochure Cem Counselor Today, 10:00 ! Overdue 2 h" in words(page)


def test_next_action_is_done_from_the_page(noon: datetime, company: Company, pages: Client) -> None:
    lead = company.lead(next_action="Call", next_action_at=at(9))

    answer = pages.post(reverse("lead_next_action", args=[lead.pk]), {"back": "/today/"})

    after = company.reload(lead)
    assert answer["Location"] == "/today/"
    assert (after.next_action, after.next_action_at) == ("", None)
    assert names(pages.get("/today/")) == []


def fee(company: Company, lead: Lead, state: str, **fields: object) -> PaymentRequest:
    application = company.application(lead, fee_minor=7500, currency="EUR")
    with scope(company.tenant.pk):
        return PaymentRequest.objects.create(
            tenant=company.tenant,
            application=application,
            amount_minor=7500,
            currency="EUR",
            state=state,
            **fields,
        )


def test_news_of_fees_is_told_until_it_is_dismissed(
    noon: datetime, company: Company, pages: Client
) -> None:
    failed = fee(company, company.lead("Poor"), "failed", reason="Card declined.")
    paid = fee(company, company.lead("Rich"), "paid", paid_at=NOON)
    fee(company, company.lead("Old"), "paid", paid_at=NOON - timedelta(days=3))
    fee(company, company.lead("Waiting"), "pending")

    before = words(pages.get("/today/"))
    first = pages.post(reverse("fee_attend", args=[failed.pk]), {"back": "/today/"}, follow=True)
    last = pages.post(reverse("fee_dismiss", args=[paid.pk]), {"back": "/today/"}, follow=True)

    assert "Fee failed Poor: application fee of €75.00 was not paid. Card declined." in before
    assert "Fee paid Rich paid the application fee of €75.00." in before
    assert "Old" not in before
    assert "Waiting" not in before
    assert "Poor" not in words(first)
    assert "Rich" in words(first)
    assert "Rich" not in words(last)


def test_failed_fee_that_was_paid_after_all_is_no_news(
    noon: datetime, company: Company, pages: Client
) -> None:
    failed = fee(company, company.lead("Poor"), "expired")
    with scope(company.tenant.pk):
        PaymentRequest.objects.create(
            tenant=company.tenant,
            application=failed.application,
            amount_minor=7500,
            currency="EUR",
            state="paid",
            paid_at=NOON,
        )

    assert "was not paid" not in words(pages.get("/today/"))


def test_fee_of_a_lead_out_of_sight_cannot_be_dismissed(
    noon: datetime, company: Company, sams_pages: Client, foreign: Company
) -> None:
    hidden = fee(company, company.lead("Rich"), "paid", paid_at=NOON)
    elsewhere = fee(foreign, foreign.lead("Far"), "paid", paid_at=NOON)
    waiting = fee(company, company.lead("Waiting", owner_id=company.colleague.pk), "pending")

    rows = (hidden, elsewhere, waiting)
    answers = [sams_pages.post(reverse("fee_dismiss", args=[row.pk])) for row in rows]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert company.reload(hidden).attended_at is None


def remind(company: Company, lead: Lead, user: object) -> Reminder:
    with scope(company.tenant.pk):
        return Reminder.objects.create(
            tenant=company.tenant,
            kind="lead_quiet",
            lead=lead,
            user=user,
            occasion="since June",
            text="Nothing since June.",
        )


def test_reminder_is_shown_to_its_person_until_dismissed(
    noon: datetime, company: Company, pages: Client, admins_pages: Client
) -> None:
    reminder = remind(company, company.lead(), company.counselor)

    before = words(pages.get("/today/"))
    others = words(admins_pages.get("/today/"))
    refused = admins_pages.post(reverse("reminder_dismiss", args=[reminder.pk]))
    after = pages.post(reverse("reminder_dismiss", args=[reminder.pk]), follow=True)

    assert "Lead gone quiet Eva Smit: Nothing since June." in before
    assert "Nothing since June." not in others
    assert refused.status_code == 404
    assert "Nothing since June." not in words(after)
    assert company.reload(reminder).seen_at == NOON


def test_admin_sees_who_is_behind(noon: datetime, company: Company, admins_pages: Client) -> None:
    application = company.application()
    company.task(application, at(9))
    company.task(application, at(15), assignee_id=company.admin.pk)
    with scope(company.tenant.pk):
        done = company.task(application, at(12))
        Task.objects.filter(pk=done.pk).update(
            status="completed", completed_at=NOON, completed_by=company.colleague
        )
        lead = company.lead("Quiet", owner_id=company.colleague.pk)
        Lead.objects.filter(pk=lead.pk).update(last_activity_at=NOON - timedelta(days=15))

    page = admins_pages.get("/today/?by=counselor")

    rows = re.findall(r"(?s)<tr><td>(.*?)</tr>", body(page))
    told = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    assert told == [
        "Cem Counselor 1 overdue 1 0 0",
        "Sam Same 0 0 1 1",
        "Ada Admin 0 1 0 0",
    ]


def test_counselor_may_not_see_who_is_behind(company: Company, pages: Client) -> None:
    assert pages.get("/today/?by=counselor").status_code == 403


def test_login_lands_on_today(client: Client, company: Company) -> None:
    for person in (company.counselor, company.admin):
        answer = client.post(
            reverse("account_login"), {"login": person.email, "password": "correct horse"}
        )
        assert answer["Location"] == "/today/"
        assert client.get("/")["Location"] == "/today/"
        client.post(reverse("account_logout"))


def test_unknown_rows_are_not_there(company: Company, pages: Client) -> None:
    names_of_actions = ("task_complete", "task_undo", "task_snooze", "task_reassign", "task_reopen")
    answers = [pages.post(reverse(name, args=[uuid4()])) for name in names_of_actions]

    assert [answer.status_code for answer in answers] == [404] * 5
