"""Two companies, two teams, six people: over the API everybody meets what the database shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from core.models import Tenant, User
from core.tenancy import scope
from crm.models import Task
from tests.crm.api.calls import Api, in_days, person, pointers, program
from tests.crm.world import SEEN, World
from tests.servers import address

pytestmark = pytest.mark.django_db
WHO = sorted(SEEN)


def leads_by(world: World, answer: Any, of: str = "id") -> set[str]:
    """The names of the leads that a list is about."""
    rows = answer.json()["items"]
    found = [UUID(row["id"] if of == "id" else row["lead"]["id"]) for row in rows]
    return world.names(found)


@pytest.mark.parametrize("who", WHO)
def test_lists_hold_what_the_person_sees(world: World, who: str) -> None:
    api = person(world.people[who])

    assert leads_by(world, api.get("leads/")) == SEEN[who]
    assert leads_by(world, api.get("applications/"), "lead") == SEEN[who]
    assert leads_by(world, api.get("tasks/"), "lead") == SEEN[who]


@pytest.mark.parametrize("who", WHO)
def test_rows_out_of_sight_are_404_for_every_method(world: World, who: str) -> None:
    api = person(world.people[who])
    seen, hidden = {}, {}

    for name, lead in world.leads.items():
        application, task = world.applications[name], world.tasks[name]
        answers = [
            api.get(f"leads/{lead}/"),
            api.patch(f"leads/{lead}/", {"next_action": "Call"}),
            api.post(f"leads/{lead}/move/", {"stage": "contacted"}),
            api.get(f"leads/{lead}/timeline/"),
            api.post(f"leads/{lead}/timeline/", {"text": "Hello"}),
            api.get(f"leads/{lead}/applications/"),
            api.post(f"leads/{lead}/applications/", {}),
            api.get(f"applications/{application}/"),
            api.patch(f"applications/{application}/", {"programme": "Malting"}),
            api.post(f"applications/{application}/move/", {"stage": "submitted"}),
            api.get(f"tasks/{task}/"),
            api.patch(f"tasks/{task}/", {"note": "Soon"}),
            api.post(f"tasks/{task}/snooze/", {"due_at": in_days(2)}),
            api.post(f"tasks/{task}/reassign/", {"assignee_id": None}),
            api.post(f"tasks/{task}/complete/", {}),
            api.post(f"tasks/{task}/reopen/"),
        ]
        place = seen if name in SEEN[who] else hidden
        place[name] = {answer.status_code for answer in answers}

    assert seen == {name: {200, 201} for name in SEEN[who]}
    assert hidden == {name: {404} for name in world.leads if name not in SEEN[who]}


@pytest.mark.parametrize("who", WHO)
def test_filters_by_ids_out_of_sight_find_nothing(world: World, who: str) -> None:
    api = person(world.people[who])
    found = set()
    for name, lead in world.leads.items():
        if name in SEEN[who]:
            continue
        for path in (
            f"tasks/?lead={lead}",
            f"tasks/?application={world.applications[name]}",
            f"applications/?lead={lead}",
        ):
            found.update(api.ids(path))

    assert found == set()


def test_filters_by_foreign_people_and_teams_find_nothing(world: World) -> None:
    foreign = person(world.people["foreign_admin"])
    owner, team = world.people["owner"].pk, world.team.pk

    assert foreign.ids(f"leads/?owner={owner}") == []
    assert foreign.ids(f"leads/?team={team}") == []
    assert foreign.ids(f"tasks/?owner={owner}") == []
    assert foreign.ids(f"tasks/?assignee={owner}") == []
    assert foreign.ids(f"people/?team={team}") == []


def test_people_and_teams_are_the_companys_own(world: World) -> None:
    ours, theirs = person(world.people["owner"]), person(world.people["foreign_counselor"])

    here = {str(world.people[who].pk) for who in ("owner", "member", "outsider", "admin")}
    there = {str(world.people[who].pk) for who in ("foreign_admin", "foreign_counselor")}
    assert set(ours.ids("people/")) == here
    assert set(theirs.ids("people/")) == there
    assert set(ours.ids("teams/")) == {str(world.team.pk), str(world.other_team.pk)}
    assert theirs.ids("teams/") == []


def test_program_sees_its_whole_company_and_no_other(
    world: World, tenant: Tenant, other_tenant: Tenant
) -> None:
    assert leads_by(world, program(tenant).get("leads/")) == {"owned", "teams", "nobodys"}
    assert leads_by(world, program(other_tenant).get("leads/")) == {"foreign"}


@pytest.mark.parametrize("who", ["owner", "member"])
def test_counselor_cannot_put_a_lead_out_of_their_own_sight(world: World, who: str) -> None:
    api = person(world.people[who])
    [name] = SEEN[who]
    lead, away = world.leads[name], str(world.people["outsider"].pk)
    asked = [
        ("PATCH", f"leads/{lead}/", {"owner_id": away, "team_ids": []}),
        ("PATCH", f"leads/{lead}/", {"owner_id": None, "team_ids": []}),
        ("POST", f"leads/{lead}/assign/", {"owner_id": away, "team_ids": []}),
        (
            "POST",
            f"leads/{lead}/assign/",
            {"owner_id": None, "team_ids": [str(world.other_team.pk)]},
        ),
    ]

    answers = [api.call(*one) for one in asked]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert [pointers(answer) for answer in answers] == [["#/owner_id"]] * 4
    assert api.get(f"leads/{lead}/").json()["version"] == 1


def test_counselor_cannot_add_a_lead_that_they_would_not_see(world: World) -> None:
    api = person(world.people["owner"])

    for places in (
        {"owner_id": str(world.people["member"].pk)},
        {"team_ids": [str(world.team.pk)]},
        {"owner_id": None, "team_ids": [str(world.other_team.pk)]},
    ):
        answer = api.post("leads/", {"name": "Noor", **places})

        assert (answer.status_code, pointers(answer)) == (400, ["#/owner_id"])


def test_counselor_owns_the_lead_that_they_add(world: World) -> None:
    owner = world.people["owner"]

    added = person(owner).post("leads/", {"name": "Noor"})

    assert added.status_code == 201
    assert added.json()["owner"]["id"] == str(owner.pk)


@pytest.mark.parametrize("field", ["owner_id", "team_ids"])
def test_foreign_owners_and_teams_are_refused(world: World, field: str) -> None:
    admin, foreign = person(world.people["admin"]), world.people["foreign_admin"]
    value: Any = str(foreign.pk) if field == "owner_id" else [str(uuid4())]

    answers = [
        admin.post("leads/", {"name": "Noor", field: value}),
        admin.patch(f"leads/{world.leads['owned']}/", {field: value}),
        admin.post(f"leads/{world.leads['owned']}/assign/", {field: value}),
    ]

    assert [answer.status_code for answer in answers] == [400] * 3
    assert [pointers(answer) for answer in answers] == [[f"#/{field}"]] * 3


def test_task_is_not_given_to_who_does_not_see_its_lead(world: World) -> None:
    api, task = person(world.people["admin"]), world.tasks["owned"]
    people = ("outsider", "foreign_admin", "owner", "admin")

    given = {
        who: api.post(
            f"tasks/{task}/reassign/", {"assignee_id": str(world.people[who].pk)}
        ).status_code
        for who in people
    }

    assert given == {"outsider": 400, "foreign_admin": 400, "owner": 200, "admin": 200}


def test_task_cannot_be_moved_to_another_application(world: World) -> None:
    api = person(world.people["admin"])
    body = {"application_id": str(world.applications["foreign"])}

    answer = api.patch(f"tasks/{world.tasks['owned']}/", body)

    assert (answer.status_code, pointers(answer)) == (400, ["#/application_id"])


def test_counselor_neither_makes_nor_edits_stages(world: World) -> None:
    api = person(world.people["owner"])
    stage = api.ids("lead-stages/")[0]

    assert api.post("lead-stages/", {"key": "x", "name": "X"}).status_code == 403
    assert api.patch(f"lead-stages/{stage}/", {"name": "X"}).status_code == 403
    assert api.post("lead-stages/order/", {"keys": []}).status_code == 403


def test_lead_taken_away_meanwhile_is_404(world: World) -> None:
    owner, lead = person(world.people["owner"]), world.leads["owned"]
    person(world.people["admin"]).post(f"leads/{lead}/assign/", {"owner_id": None})

    assert owner.get(f"leads/{lead}/").status_code == 404
    assert owner.patch(f"leads/{lead}/", {"name": "Mine"}).status_code == 404


def test_deactivated_owner_is_told_and_cannot_be_given_more(world: World) -> None:
    api, owner = person(world.people["admin"]), world.people["owner"]
    User.objects.filter(pk=owner.pk).update(is_active=False)

    shown = api.get(f"leads/{world.leads['owned']}/").json()
    given = api.patch(f"leads/{world.leads['nobodys']}/", {"owner_id": str(owner.pk)})

    assert shown["owner"]["id"] == str(owner.pk)
    assert (given.status_code, pointers(given)) == (400, ["#/owner_id"])
    assert api.ids("people/?is_active=false") == [str(owner.pk)]


def test_lead_may_go_to_another_team_if_one_owns_it(world: World) -> None:
    member = world.people["member"]
    body = {"owner_id": str(member.pk), "team_ids": [str(world.other_team.pk)]}

    answer = person(member).post(f"leads/{world.leads['teams']}/assign/", body)

    assert (answer.status_code, answer.json()["team_ids"]) == (200, body["team_ids"])


@pytest.fixture
def _slips_away(world: World) -> Iterator[None]:
    """Whatever is written to a lead loses its owner and teams on the way, as in a race."""
    with psycopg.connect(address("postgres"), autocommit=True) as owner:
        owner.execute(
            "CREATE FUNCTION slip_away() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.owner_id := NULL; NEW.team_ids := '{}'; RETURN NEW; END $$"
        )
        owner.execute(
            "CREATE TRIGGER slip_away BEFORE INSERT OR UPDATE ON crm_lead"
            " FOR EACH ROW EXECUTE FUNCTION slip_away()"
        )
        try:
            yield
        finally:
            owner.execute("DROP FUNCTION slip_away() CASCADE")


@pytest.mark.usefixtures("_slips_away")
def test_database_refusing_a_row_is_a_conflict_and_no_breakdown(world: World) -> None:
    api, lead = person(world.people["owner"]), world.leads["owned"]

    answers = [
        api.post("leads/", {"name": "Noor"}),
        api.patch(f"leads/{lead}/", {"name": "Noor"}),
        api.post(f"leads/{lead}/move/", {"stage": "contacted"}),
        api.post(f"leads/{lead}/timeline/", {"text": "Hello"}),
    ]

    assert [answer.status_code for answer in answers] == [409] * 4
    assert {answer.json()["code"] for answer in answers} == {"conflict"}


def test_stranger_is_refused_everywhere(world: World) -> None:
    stranger = Api({})
    lead, task = world.leads["owned"], world.tasks["owned"]
    paths = ["leads/", f"leads/{lead}/", f"leads/{lead}/timeline/", "applications/", "tasks/"]
    paths += [f"tasks/{task}/", "lead-stages/", "application-stages/", "people/", "teams/"]

    assert {path: stranger.get(path).status_code for path in paths} == dict.fromkeys(paths, 401)
    assert stranger.post(f"tasks/{task}/complete/", {}).status_code == 401
    with scope(world.people["owner"].tenant_id):
        assert Task.objects.get(pk=task).status == "open"
