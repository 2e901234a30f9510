"""Lists: as many queries for 30 rows as for one; the timeline; people and teams."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import scope
from crm.models import Application, Lead, LeadStage, PaymentRequest, Task, TimelineEntry
from tests.crm.api.calls import Api, person, pointers

pytestmark = pytest.mark.django_db
DUE = datetime(2031, 1, 1, tzinfo=UTC)
STRANGER = "6b1f3c52-7f0e-4b7e-9a38-0d5f4f4c2a11"


def grow(tenant: Tenant, lead: Lead, number: int) -> None:
    """Give a company one more of everything, each with whatever an answer shows of it."""
    who = User.objects.create_user(f"p{number}@amber.example", tenant=tenant)
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name=f"Team {number}")
        TeamMembership.objects.create(tenant=tenant, team=team, user=who)
        key = f"stage_{number}"
        LeadStage.objects.create(tenant=tenant, key=key, name=key, position=100 + number)
        Lead.objects.create(
            tenant=tenant, name=f"Lead {number}", owner=who, team_ids=[team.pk], stage=key
        )
        application = Application.objects.create(
            tenant=tenant, lead=lead, fee_minor=100, currency="EUR"
        )
        PaymentRequest.objects.create(
            tenant=tenant, application=application, amount_minor=100, currency="EUR"
        )
        Task.objects.create(
            tenant=tenant,
            application=application,
            type="call",
            due_at=DUE,
            assignee=who,
            completed_by=who,
        )
        TimelineEntry.objects.create(
            tenant=tenant, lead=lead, kind="note", text="Hi", by=who, happened_at=DUE
        )


LISTS: dict[str, Callable[[Lead], str]] = {
    "leads": lambda lead: "leads/?limit=100",
    "found": lambda lead: "leads/?search=lead&overdue=false&limit=100",
    "applications": lambda lead: "applications/?limit=100",
    "of_lead": lambda lead: f"leads/{lead.pk}/applications/?limit=100",
    "tasks": lambda lead: "tasks/?limit=100",
    "timeline": lambda lead: f"leads/{lead.pk}/timeline/?limit=100",
    "stages": lambda lead: "lead-stages/?limit=100",
    "people": lambda lead: "people/?limit=100",
    "teams": lambda lead: "teams/?limit=100",
}


@pytest.mark.parametrize("name", LISTS)
def test_list_asks_as_much_for_thirty_rows_as_for_one(boss: Api, tenant: Tenant, name: str) -> None:
    with scope(tenant.pk):
        lead = Lead.objects.create(tenant=tenant, name="Leading")
    path = LISTS[name](lead)
    grow(tenant, lead, 0)
    boss.get(path)

    with CaptureQueriesContext(connection) as few:
        before = len(boss.ids(path))
    for number in range(1, 30):
        grow(tenant, lead, number)
    with CaptureQueriesContext(connection) as many:
        after = len(boss.ids(path))

    assert after == before + 29
    assert len(many) == len(few)


def test_timeline_tells_what_happened_latest_first(boss: Api, admin: User) -> None:
    lead = boss.post("leads/", {"name": "Mila"}).json()["id"]
    boss.post(f"leads/{lead}/move/", {"stage": "contacted", "note": "Rang back"})
    note = boss.post(f"leads/{lead}/timeline/", {"text": "Likes\nstout 🍺"})

    story = boss.get(f"leads/{lead}/timeline/").json()["items"]
    moves = boss.get(f"leads/{lead}/timeline/?kind=moved").json()["items"]

    assert (note.status_code, note.json()["text"]) == (201, "Likes\nstout 🍺")
    assert [entry["kind"] for entry in story] == ["note", "moved", "created"]
    assert story[0] == note.json()
    assert story[0]["by"] == {"id": str(admin.pk), "name": "Ada Admin"}
    assert [(entry["from_stage"], entry["to_stage"], entry["text"]) for entry in moves] == [
        ("new", "contacted", "Rang back")
    ]


def test_timeline_says_which_program_did_it(api: Api) -> None:
    lead = api.post("leads/", {"name": "Mila"}).json()["id"]

    [entry] = api.get(f"leads/{lead}/timeline/").json()["items"]

    assert (entry["by"], entry["by_words"]) == (None, "API key Test")


@pytest.mark.parametrize("text", ["", "  ", None, 7, ["x"], "x" * 4001, "a\u0000b", "\u0007"])
def test_note_that_is_none_is_refused(api: Api, text: object) -> None:
    lead = api.post("leads/", {"name": "Mila"}).json()["id"]

    answer = api.post(f"leads/{lead}/timeline/", {"text": text})

    assert (answer.status_code, pointers(answer)) == (400, ["#/text"])


def test_timeline_is_never_changed(api: Api) -> None:
    lead = api.post("leads/", {"name": "Mila"}).json()["id"]

    assert api.patch(f"leads/{lead}/timeline/", {"text": "x"}).status_code == 405
    assert api.call("DELETE", f"leads/{lead}/").status_code == 405


def test_timeline_goes_on_by_cursor(api: Api) -> None:
    lead = api.post("leads/", {"name": "Mila"}).json()["id"]
    for number in range(4):
        api.post(f"leads/{lead}/timeline/", {"text": str(number)})

    first = api.get(f"leads/{lead}/timeline/?limit=2").json()
    second = api.get(first["next"].partition("/api/")[2]).json()

    assert [entry["text"] for entry in first["items"] + second["items"]] == ["3", "2", "1", "0"]


def test_people_and_teams_tell_who_can_be_named(
    boss: Api, admin: User, counselor: User, tenant: Tenant
) -> None:
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name="Day")
        TeamMembership.objects.create(tenant=tenant, team=team, user=counselor)
    one = {"id": str(counselor.pk), "name": "Cem Counselor", "role": "counselor", "is_active": True}

    assert boss.ids("people/") == [str(admin.pk), str(counselor.pk)]
    assert boss.get("people/?role=counselor").json()["items"] == [one]
    assert person(counselor).get(f"people/?team={team.pk}").json()["items"] == [one]
    assert boss.ids("people/?is_active=false") == []
    assert boss.get("teams/").json()["items"] == [
        {"id": str(team.pk), "name": "Day", "member_ids": [str(counselor.pk)]}
    ]
    assert boss.ids("teams/?name=Night") == []


ODD_PATHS = [
    "leads/x/",
    "leads/1/",
    "leads/00000000-0000-0000-0000-00000000000/",
    f"leads/{STRANGER}/",
    f"leads/{STRANGER}/timeline/",
    f"tasks/{STRANGER}/",
    f"applications/{STRANGER}/",
    "leads/%00/",
    "tasks/%F0%9F%8D%BA/",
]


@pytest.mark.parametrize("path", ODD_PATHS)
def test_odd_address_is_404(boss: Api, path: str) -> None:
    answer = boss.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
