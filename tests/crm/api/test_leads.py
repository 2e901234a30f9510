"""Leads over the API: add, read, edit, move, hand on, merge, filter and search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import scope
from crm.models import Lead
from tests.crm.api.calls import Api, in_days, person, pointers

pytestmark = pytest.mark.django_db


def add(api: Api, **fields: Any) -> dict[str, Any]:
    made = api.post("leads/", {"name": "Mila Jansen", **fields})
    assert made.status_code == 201, made.content
    return made.json()  # type: ignore[no-any-return]


def test_lead_is_added_and_can_be_read(api: Api, admin: User) -> None:
    made = api.post(
        "leads/",
        {
            "name": " Mila van der Berg ",
            "email": "Mila@Example.com",
            "phone": "06 1234 5678",
            "source": "Open day",
            "owner_id": str(admin.pk),
            "next_action": "Call",
            "next_action_at": "2030-01-31T09:00:00+01:00",
        },
    )

    lead = made.json()
    base = f"http://testserver/api/leads/{lead['id']}"
    assert (made.status_code, made["ETag"]) == (201, '"v1"')
    assert lead["name"] == "Mila van der Berg"
    assert lead["owner"] == {"id": str(admin.pk), "name": "Ada Admin"}
    assert lead["stage"] == {"key": "new", "name": "New", "outcome": "open"}
    assert lead["next_action_at"] == "2030-01-31T08:00:00Z"
    assert (lead["team_ids"], lead["merged_into_id"], lead["source_id"]) == ([], None, None)
    assert lead["timeline_url"] == f"{base}/timeline/"
    assert lead["applications_url"] == f"{base}/applications/"
    assert api.get(f"leads/{lead['id']}/").json() == lead
    assert api.get("leads/").json()["items"] == [lead]


def test_lead_is_edited_and_its_version_counts_up(api: Api) -> None:
    lead = add(api)

    edited = api.patch(f"leads/{lead['id']}/", {"name": "Mila Berg", "source_id": "A-7"})

    assert (edited.status_code, edited["ETag"]) == (200, '"v2"')
    assert (edited.json()["name"], edited.json()["source_id"]) == ("Mila Berg", "A-7")
    assert [row["kind"] for row in api.get(f"leads/{lead['id']}/timeline/").json()["items"]] == [
        "edited",
        "created",
    ]


def test_edit_may_hand_a_lead_on_too(api: Api, admin: User) -> None:
    lead = add(api)

    edited = api.patch(f"leads/{lead['id']}/", {"owner_id": str(admin.pk), "name": "Mila B"})

    assert edited.json()["owner"]["id"] == str(admin.pk)
    assert edited.json()["name"] == "Mila B"
    assert edited.json()["team_ids"] == []


def test_edit_of_an_older_version_is_refused(api: Api) -> None:
    lead = add(api)
    path = f"leads/{lead['id']}/"
    api.patch(path, {"name": "First"}, **{"If-Match": '"v1"'})

    late = {
        "patch": api.patch(path, {"name": "Second"}, **{"If-Match": '"v1"'}),
        "move": api.post(f"{path}move/", {"stage": "contacted"}, **{"If-Match": '"v1"'}),
        "assign": api.post(f"{path}assign/", {"owner_id": None}, **{"If-Match": '"v1"'}),
    }

    assert {name: one.status_code for name, one in late.items()} == dict.fromkeys(late, 412)
    assert late["patch"]["ETag"] == '"v2"'
    assert api.get(path).json()["name"] == "First"


def test_lead_that_did_not_change_is_not_sent_again(api: Api) -> None:
    lead = add(api)

    again = api.get(f"leads/{lead['id']}/", **{"If-None-Match": '"v1"'})

    assert (again.status_code, again.content) == (304, b"")


def test_lead_moves_by_the_rules_of_its_stages(api: Api) -> None:
    path = f"leads/{add(api)['id']}/move/"

    unknown = api.post(path, {"stage": "nowhere"})
    silent = api.post(path, {"stage": "disqualified"})
    moved = api.post(path, {"stage": "disqualified", "note": "Moved abroad"})
    again = api.post(path, {"stage": "disqualified"})

    assert (unknown.status_code, pointers(unknown)) == (400, ["#/stage"])
    assert (silent.status_code, pointers(silent)) == (400, ["#/note"])
    assert moved.json()["stage"] == {
        "key": "disqualified",
        "name": "Disqualified",
        "outcome": "lost",
    }
    assert (again.status_code, again.json()["version"]) == (200, moved.json()["version"])


def test_lead_is_handed_on_to_people_and_teams(api: Api, admin: User, tenant: Tenant) -> None:
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name="Day")
    path = f"leads/{add(api)['id']}/assign/"

    both = api.post(path, {"owner_id": str(admin.pk), "team_ids": [str(team.pk), str(team.pk)]})
    alone = api.post(path, {"team_ids": []})

    assert both.json()["team_ids"] == [str(team.pk)]
    assert both.json()["owner"]["id"] == alone.json()["owner"]["id"] == str(admin.pk)
    assert alone.json()["team_ids"] == []


BAD: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "#/name"),
    ({"name": "   "}, "#/name"),
    ({"name": None}, "#/name"),
    ({"name": 7}, "#/name"),
    ({"name": ["x"]}, "#/name"),
    ({"name": "x" * 161}, "#/name"),
    ({"name": "x" * 10_000}, "#/name"),
    ({"name": "a\u0000b"}, "#/name"),
    ({"name": "a\nb"}, "#/name"),
    ({"email": "nobody"}, "#/email"),
    ({"email": "x" * 300 + "@example.com"}, "#/email"),
    ({"email": None}, "#/email"),
    ({"phone": "1" * 41}, "#/phone"),
    ({"phone": 612345678}, "#/phone"),
    ({"source": "x" * 81}, "#/source"),
    ({"source_id": "x" * 81}, "#/source_id"),
    ({"next_action": "x" * 201}, "#/next_action"),
    ({"next_action_at": "2030-01-01"}, "#/next_action_at"),
    ({"next_action_at": "0001-01-01T00:00:00Z"}, "#/next_action_at"),
    ({"next_action_at": "9999-12-31T23:59:59Z"}, "#/next_action_at"),
    ({"next_action_at": "2030-02-30T00:00:00Z"}, "#/next_action_at"),
    ({"owner_id": "me"}, "#/owner_id"),
    ({"owner_id": str(uuid4())}, "#/owner_id"),
    ({"owner_id": 1}, "#/owner_id"),
    ({"team_ids": None}, "#/team_ids"),
    ({"team_ids": "x"}, "#/team_ids"),
    ({"team_ids": {}}, "#/team_ids"),
    ({"team_ids": [str(uuid4())]}, "#/team_ids"),
    ({"team_ids": ["x"]}, "#/team_ids/0"),
    ({"team_ids": [[]]}, "#/team_ids/0"),
    ({"team_ids": [str(uuid4())] * 101}, "#/team_ids"),
    ({"version": 7}, "#/version"),
    ({"tenant_id": str(uuid4())}, "#/tenant_id"),
    ({"merged_into_id": None}, "#/merged_into_id"),
]


@pytest.mark.parametrize(("fields", "pointer"), BAD)
def test_bad_field_is_refused_when_adding_and_when_editing(
    api: Api, fields: dict[str, Any], pointer: str
) -> None:
    lead = add(api)

    added = api.post("leads/", {"name": "Noor", **fields})
    edited = api.patch(f"leads/{lead['id']}/", fields)

    assert (added.status_code, pointers(added)) == (400, [pointer])
    assert (edited.status_code, pointers(edited)) == (400, [pointer])
    assert api.get("leads/").json()["items"] == [lead]


def test_stage_is_given_when_adding_and_moved_later(api: Api) -> None:
    lead = add(api, stage="contacted")

    refused = api.patch(f"leads/{lead['id']}/", {"stage": "new"})
    unknown = api.post("leads/", {"name": "Noor", "stage": "draft"})

    assert lead["stage"]["key"] == "contacted"
    assert (refused.status_code, pointers(refused)) == (400, ["#/stage"])
    assert (unknown.status_code, pointers(unknown)) == (400, ["#/stage"])


def test_id_of_a_source_is_given_once(api: Api) -> None:
    add(api, source_id="A-7")

    again = api.post("leads/", {"name": "Noor", "source_id": "A-7"})

    assert (again.status_code, pointers(again)) == (400, ["#/source_id"])


def test_repeated_key_adds_a_lead_once(api: Api) -> None:
    first, again = (
        api.post("leads/", {"name": "Noor"}, **{"Idempotency-Key": "k"}) for _ in range(2)
    )

    assert (first.status_code, again.json()) == (201, first.json())
    assert len(api.ids("leads/")) == 1


def test_filters_keep_the_leads_that_they_name(boss: Api, admin: User, tenant: Tenant) -> None:
    with scope(tenant.pk):
        team = Team.objects.create(tenant=tenant, name="Day")
        TeamMembership.objects.create(tenant=tenant, team=team, user=admin)
    mine = add(boss, name="Mine", owner_id=str(admin.pk), source="Fair")["id"]
    teams = add(boss, name="Teams", team_ids=[str(team.pk)], stage="contacted")["id"]
    both = {
        "owner=me": [mine],
        f"owner={admin.pk}": [mine],
        "owner=none": [teams],
        f"team={team.pk}": [teams],
        "stage=contacted": [teams],
        "stage=converted": [],
        "source=Fair": [mine],
        "created_from=2020-01-01T00:00:00Z": [teams, mine],
        "created_before=2020-01-01T00:00:00Z": [],
        "owner=me&stage=contacted": [],
        "owner=": [teams, mine],
    }

    assert {query: boss.ids(f"leads/?{query}") for query in both} == both


@pytest.mark.parametrize(
    "query",
    [
        "owner=him",
        "owner=1",
        "team=me",
        "quiet_days=-1",
        "quiet_days=x",
        "quiet_days=1.5",
        "quiet_days=99999999999999999999",
        "overdue=yes",
        "overdue=1",
        "created_from=2026-02-30T00:00:00Z",
        "search=" + "x" * 201,
        "search=%00",
        "stage=%00",
        "limit=0",
        "limit=101",
        "cursor=x",
        "cursor=" + "A" * 500,
        "owner_id=me",
        "q=mila",
    ],
)
def test_bad_parameter_is_refused_by_name(boss: Api, query: str) -> None:
    answer = boss.get(f"leads/?{query}")

    assert (answer.status_code, pointers(answer)) == (400, [query.partition("=")[0]])


def test_key_is_nobody_so_me_is_refused(api: Api) -> None:
    answers = [api.get(path) for path in ("leads/?owner=me", "tasks/?assignee=me")]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert [pointers(answer) for answer in answers] == [["owner"], ["assignee"]]


@pytest.mark.parametrize("ask", ["%ED%A0%80", "%F0%9F%8D%BA", "%25", "_", "'", "\\", "(", "*"])
def test_odd_search_finds_nothing_and_breaks_nothing(boss: Api, ask: str) -> None:
    add(boss)

    assert boss.ids(f"leads/?search={ask}") == []


SEARCHES = {
    "mil": True,
    "MILA V": True,
    "mila  van": True,
    "van der b": True,
    "der": False,
    "berg": True,
    "Berg": True,
    "erg": False,
    "bergen": False,
    "mila@example.com": True,
    " MILA@Example.COM ": True,
    "mila@example.co": False,
    "06 1234 5678": True,
    "0612345678": True,
    "%2B31612345678": True,
    "%2B31 6 1234-5678": True,
    "0612345679": False,
    "1234": False,
    "éloïse": False,
}


@pytest.mark.parametrize(("text", "is_found"), SEARCHES.items())
def test_search_finds_by_name_address_and_number(boss: Api, text: str, is_found: bool) -> None:
    lead = add(boss, name="Mila van der Berg", email="Mila@Example.com", phone="06 1234 5678")
    add(boss, name="Noor Smit", email="noor@example.com", phone="06 8765 4321")

    assert boss.ids(f"leads/?search={text}") == ([lead["id"]] if is_found else [])


def test_search_knows_letters_beyond_ascii(boss: Api) -> None:
    lead = add(boss, name="Éloïse Ørsted")

    for text in ("éloïse", "ÉLO", "ørs", "ØRSTED"):
        assert boss.ids(f"leads/?search={text}") == [lead["id"]]


def test_lead_found_by_search_passes_the_other_filters_too(boss: Api, admin: User) -> None:
    add(boss, name="Mila A")
    mine = add(boss, name="Mila B", owner_id=str(admin.pk))

    assert boss.ids("leads/?search=mila&owner=me") == [mine["id"]]


def test_quiet_days_are_the_companys(api: Api, tenant: Tenant) -> None:
    """On the night of 28 March 2026 clocks in Amsterdam go forward: that day has 23 hours."""
    heard = datetime(2026, 3, 28, 11, 30, tzinfo=UTC)  # 12:30 there
    with time_machine.travel(heard, tick=False):
        lead = add(api)["id"]

    before = datetime(2026, 3, 29, 10, 29, tzinfo=UTC)  # 12:29 there
    after = datetime(2026, 3, 29, 10, 31, tzinfo=UTC)  # 12:31 there, 23 hours later
    with time_machine.travel(before, tick=False):
        still = api.ids("leads/?quiet_days=1")
    with time_machine.travel(after, tick=False):
        quiet = api.ids("leads/?quiet_days=1")

    assert (still, quiet) == ([], [lead])


def test_overdue_leads_have_a_late_task_or_action(api: Api, tenant: Tenant) -> None:
    calm, acting, tasked = (add(api, name=name)["id"] for name in ("Calm", "Acting", "Tasked"))
    api.patch(f"leads/{acting}/", {"next_action_at": in_days(-1)})
    application = api.post(f"leads/{tasked}/applications/", {}).json()["id"]
    api.post("tasks/", {"application_id": application, "task_type": "call", "due_at": in_days(1)})

    with time_machine.travel(timezone.now() + timedelta(days=2)):
        late, others = api.ids("leads/?overdue=true"), api.ids("leads/?overdue=false")

    assert (late, others) == ([tasked, acting], [calm])


def test_lists_go_on_by_cursor_in_a_stable_order(api: Api, tenant: Tenant) -> None:
    moment = timezone.now()
    with scope(tenant.pk):
        Lead.objects.bulk_create(
            Lead(tenant=tenant, name=f"Lead {number}", created_at=moment) for number in range(7)
        )
    seen, path = [], "leads/?limit=3"
    while path:
        page = api.get(path).json()
        seen += [row["id"] for row in page["items"]]
        path = (page["next"] or "").partition("/api/")[2]

    with scope(tenant.pk):
        expected = [str(pk) for pk in Lead.objects.order_by("-id").values_list("pk", flat=True)]
    assert seen == expected


def test_duplicate_is_merged_and_leads_to_the_survivor(api: Api) -> None:
    survivor, duplicate = add(api), add(api, phone="06 1234 5678")
    application = api.post(f"leads/{duplicate['id']}/applications/", {}).json()["id"]
    path = f"leads/{survivor['id']}/merge/"

    merged = api.post(path, {"duplicate_id": duplicate["id"]}, **{"If-Match": '"v1"'})
    again = api.post(path, {"duplicate_id": duplicate["id"]})

    gone = api.get(f"leads/{duplicate['id']}/").json()
    story = api.get(f"leads/{survivor['id']}/timeline/").json()["items"]
    assert (merged.status_code, merged.json()["phone"]) == (200, "06 1234 5678")
    assert (again.status_code, again.json()["code"]) == (409, "lead_merged")
    assert gone["merged_into_id"] == survivor["id"]
    assert api.ids("leads/") == [survivor["id"]]
    assert api.get(f"applications/{application}/").json()["lead"]["id"] == survivor["id"]
    assert {row["lead_id"] for row in story} == {survivor["id"], duplicate["id"]}
    assert api.patch(f"leads/{duplicate['id']}/", {"name": "X"}).json()["code"] == "lead_merged"


def test_merge_names_what_it_cannot_do(api: Api) -> None:
    survivor, duplicate = add(api), add(api)
    path = f"leads/{survivor['id']}/merge/"
    asked: list[tuple[dict[str, Any], str]] = [
        ({}, "#/duplicate_id"),
        ({"duplicate_id": str(uuid4())}, "#/duplicate_id"),
        ({"duplicate_id": survivor["id"]}, "#/duplicate_id"),
        ({"duplicate_id": duplicate["id"], "keep": {"name": "both"}}, "#/keep/name"),
        ({"duplicate_id": duplicate["id"], "keep": {"version": "duplicate"}}, "#/keep/version"),
        ({"duplicate_id": duplicate["id"], "keep": []}, "#/keep"),
    ]

    for body, pointer in asked:
        answer = api.post(path, body)

        assert (answer.status_code, pointers(answer)) == (400, [pointer])
    stale = api.post(path, {"duplicate_id": duplicate["id"]}, **{"If-Match": '"v9"'})
    assert stale.status_code == 412
    assert len(api.ids("leads/")) == 2


def test_counselor_merges_only_what_they_see(boss: Api, counselor: User) -> None:
    mine = person(counselor)
    survivor = add(mine)
    hidden = add(boss)

    answer = mine.post(f"leads/{survivor['id']}/merge/", {"duplicate_id": hidden["id"]})

    assert (answer.status_code, pointers(answer)) == (400, ["#/duplicate_id"])
