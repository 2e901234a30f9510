"""Who sees and writes which lead, asked of the database itself by the role that serves."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors, sql

from core.models import Tenant
from tests.crm.world import SEEN, World, acting, make_world
from tests.servers import address

FOLLOWERS = ("crm_application", "crm_task", "crm_paymentrequest", "crm_timelineentry")
SEEING = [(who, lead) for who in SEEN for lead in ("owned", "teams", "nobodys", "foreign")]


@pytest.fixture
def world(tenant: Tenant, other_tenant: Tenant) -> World:
    return make_world(tenant, other_tenant)


@pytest.fixture
def app() -> Iterator[psycopg.Connection]:
    with psycopg.connect(address("taproom_app"), autocommit=True) as connection:
        yield connection


def seen(app: psycopg.Connection, world: World, who: str, *, role: str | None = None) -> set[str]:
    with acting(app, world.people[who], role=role):
        rows = app.execute("SELECT id FROM crm_lead").fetchall()
    return world.names([row[0] for row in rows])


def changed(app: psycopg.Connection, statement: str, values: list[object]) -> int:
    return app.execute(statement, values).rowcount


def test_people_see_the_leads_that_are_theirs_to_see(app: psycopg.Connection, world: World) -> None:
    found = {who: seen(app, world, who) for who in SEEN}

    assert found == SEEN


@pytest.mark.parametrize("table", FOLLOWERS)
def test_what_hangs_on_a_lead_is_seen_with_it(
    app: psycopg.Connection, world: World, table: str
) -> None:
    found = {}
    for who in SEEN:
        with acting(app, world.people[who]):
            rows = app.execute(sql.SQL("SELECT lead_id FROM {}").format(sql.Identifier(table)))
            found[who] = world.names([row[0] for row in rows.fetchall()])

    assert found == SEEN


@pytest.mark.parametrize("table", ["crm_lead", "crm_leadstage", "crm_leadteam", *FOLLOWERS])
def test_without_settings_there_is_no_row(
    app: psycopg.Connection, world: World, table: str
) -> None:
    rows = app.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table))).fetchall()

    assert rows == []


@pytest.mark.parametrize("table", ["crm_lead", "crm_leadteam", *FOLLOWERS])
@pytest.mark.parametrize("role", ["", "boss", "public", "Admin", "counselor ", "superuser"])
def test_role_that_is_none_sees_no_row(
    app: psycopg.Connection, world: World, table: str, role: str
) -> None:
    with acting(app, world.people["admin"]):
        app.execute("SELECT set_config('app.role', %s, true)", [role])
        rows = app.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table))).fetchall()

    assert rows == []


def test_counselor_without_a_name_sees_no_row(app: psycopg.Connection, world: World) -> None:
    with acting(app, world.people["owner"]):
        app.execute("SELECT set_config('app.user_id', '', true)")
        rows = app.execute("SELECT FROM crm_lead").fetchall()

    assert rows == []


@pytest.mark.parametrize(("who", "lead"), SEEING)
def test_update_reaches_only_what_is_seen(
    app: psycopg.Connection, world: World, who: str, lead: str
) -> None:
    with acting(app, world.people[who]):
        count = changed(app, "UPDATE crm_lead SET source = 'x' WHERE id = %s", [world.leads[lead]])

    assert count == (lead in SEEN[who])


@pytest.mark.parametrize(("who", "lead"), SEEING)
def test_nobody_takes_a_lead_they_do_not_see(
    app: psycopg.Connection, world: World, who: str, lead: str
) -> None:
    me = world.people[who]
    with acting(app, me):
        count = changed(
            app, "UPDATE crm_lead SET owner_id = %s WHERE id = %s", [me.pk, world.leads[lead]]
        )

    assert count == (lead in SEEN[who])


@pytest.mark.parametrize(("who", "lead"), SEEING)
def test_only_admins_delete(app: psycopg.Connection, world: World, who: str, lead: str) -> None:
    with acting(app, world.people[who]):
        app.execute("SET CONSTRAINTS ALL DEFERRED")
        count = changed(app, "DELETE FROM crm_task WHERE id = %s", [world.tasks[lead]])

    assert count == (lead in SEEN[who] and world.people[who].role == "admin")


def insert_lead(app: psycopg.Connection, tenant_id: object, owner: object, teams: list) -> None:
    app.execute(
        "INSERT INTO crm_lead (tenant_id, owner_id, team_ids, name) VALUES (%s, %s, %s, 'New')",
        [tenant_id, owner, teams],
    )


def test_counselor_adds_a_lead_as_owner_or_for_an_own_team(
    app: psycopg.Connection, world: World
) -> None:
    member = world.people["member"]
    with acting(app, member):
        insert_lead(app, member.tenant_id, member.pk, [])
        insert_lead(app, member.tenant_id, None, [world.team.pk])
        count = app.execute("SELECT count(*) FROM crm_lead WHERE name = 'New'").fetchone()

    assert count == (2,)


@pytest.mark.parametrize("place", ["nobody", "colleague", "strange team"])
def test_counselor_adds_no_lead_for_others(
    app: psycopg.Connection, world: World, place: str
) -> None:
    member, owner = world.people["member"], world.people["owner"]
    owner_id = owner.pk if place == "colleague" else None
    teams = [world.other_team.pk] if place == "strange team" else []

    with acting(app, member), pytest.raises(errors.InsufficientPrivilege):
        insert_lead(app, member.tenant_id, owner_id, teams)


def test_admin_adds_leads_for_anybody_here(app: psycopg.Connection, world: World) -> None:
    admin = world.people["admin"]
    with acting(app, admin):
        insert_lead(app, admin.tenant_id, None, [])
        insert_lead(app, admin.tenant_id, world.people["owner"].pk, [world.other_team.pk])
        count = app.execute("SELECT count(*) FROM crm_lead WHERE name = 'New'").fetchone()

    assert count == (2,)


@pytest.mark.parametrize("who", ["owner", "admin"])
def test_nobody_adds_a_lead_to_another_company(
    app: psycopg.Connection, world: World, who: str
) -> None:
    me, elsewhere = world.people[who], world.people["foreign_admin"].tenant_id

    with acting(app, me), pytest.raises(errors.InsufficientPrivilege):
        insert_lead(app, elsewhere, None, [])


@pytest.mark.parametrize("table", ["crm_lead", *FOLLOWERS[:3]])
@pytest.mark.parametrize("who", ["owner", "admin"])
def test_nobody_moves_a_row_to_another_company(
    app: psycopg.Connection, world: World, table: str, who: str
) -> None:
    elsewhere = world.people["foreign_admin"].tenant_id
    statement = sql.SQL("UPDATE {} SET tenant_id = %s").format(sql.Identifier(table))

    with acting(app, world.people[who]), pytest.raises(errors.InsufficientPrivilege):
        app.execute(statement, [elsewhere])


def test_counselor_cannot_put_a_lead_out_of_their_sight(
    app: psycopg.Connection, world: World
) -> None:
    owner, member = world.people["owner"], world.people["member"]

    with acting(app, owner), pytest.raises(errors.InsufficientPrivilege):
        app.execute("UPDATE crm_lead SET owner_id = %s", [member.pk])


def test_counselor_shares_a_lead_with_a_team(app: psycopg.Connection, world: World) -> None:
    with acting(app, world.people["owner"]):
        app.execute("UPDATE crm_lead SET team_ids = %s", [[world.team.pk]])
        app.execute("SELECT set_config('app.user_id', %s, true)", [str(world.people["member"].pk)])
        rows = app.execute("SELECT lead_id FROM crm_task").fetchall()

    assert world.names([row[0] for row in rows]) == {"owned", "teams"}


def test_counselor_cannot_join_a_team(app: psycopg.Connection, world: World) -> None:
    outsider = world.people["outsider"]

    with acting(app, outsider), pytest.raises(errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO core_teammembership (tenant_id, team_id, user_id) VALUES (%s, %s, %s)",
            [outsider.tenant_id, world.team.pk, outsider.pk],
        )


@pytest.mark.parametrize("change", ["role = 'admin'", "is_superuser = true", "tenant_id = NULL"])
def test_counselor_gives_themselves_no_role(
    app: psycopg.Connection, world: World, change: str
) -> None:
    outsider = world.people["outsider"]
    statement = sql.SQL("UPDATE core_user SET {} WHERE id = %s").format(sql.SQL(change))

    with acting(app, outsider), pytest.raises(errors.InsufficientPrivilege):
        app.execute(statement, [outsider.pk])


def test_counselor_changes_their_own_name(app: psycopg.Connection, world: World) -> None:
    outsider = world.people["outsider"]

    with acting(app, outsider):
        statement = "UPDATE core_user SET name = 'Ola', role = role WHERE id = %s"
        count = changed(app, statement, [outsider.pk])

    assert count == 1


@pytest.mark.parametrize("who", ["outsider", "admin"])
def test_what_teams_see_is_written_by_the_trigger_alone(
    app: psycopg.Connection, world: World, who: str
) -> None:
    me = world.people[who]

    with acting(app, me), pytest.raises(errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO crm_leadteam (tenant_id, team_id, lead_id) VALUES (%s, %s, %s)",
            [me.tenant_id, world.other_team.pk, world.leads["nobodys"]],
        )


@pytest.mark.parametrize("table", ["crm_leadstage", "crm_applicationstage"])
def test_counselor_reads_stages_and_changes_none(
    app: psycopg.Connection, world: World, table: str
) -> None:
    name = sql.Identifier(table)
    with acting(app, world.people["owner"]):
        there = app.execute(sql.SQL("SELECT FROM {}").format(name)).rowcount
        count = app.execute(sql.SQL("UPDATE {} SET needs_note = true").format(name)).rowcount

    assert (there > 4, count) == (True, 0)


@pytest.mark.parametrize("verb", ["UPDATE {} SET text = 'other'", "DELETE FROM {}"])
def test_timeline_is_never_changed(app: psycopg.Connection, world: World, verb: str) -> None:
    with acting(app, world.people["admin"]):
        count = app.execute(sql.SQL(verb).format(sql.Identifier("crm_timelineentry"))).rowcount

    assert count == 0


def test_task_cannot_hang_on_an_application_of_another_company(
    app: psycopg.Connection, world: World
) -> None:
    admin = world.people["admin"]

    with acting(app, admin), pytest.raises(errors.ForeignKeyViolation) as refused:
        app.execute(
            "INSERT INTO crm_task (tenant_id, application_id, type, due_at)"
            " VALUES (%s, %s, 'call', now())",
            [admin.tenant_id, world.applications["foreign"]],
        )

    assert refused.value.diag.constraint_name == "task_lead_is_the_applications"


def test_task_cannot_be_moved_to_an_application_that_is_not_seen(
    app: psycopg.Connection, world: World
) -> None:
    with acting(app, world.people["owner"]), pytest.raises(errors.ForeignKeyViolation):
        app.execute("UPDATE crm_task SET application_id = %s", [world.applications["nobodys"]])


@pytest.mark.parametrize(
    ("column", "constraint"),
    [("owner_id", "lead_owner_same_tenant"), ("team_ids", "lead_teams_same_tenant")],
)
def test_lead_is_given_to_nobody_of_another_company(
    app: psycopg.Connection, world: World, column: str, constraint: str
) -> None:
    value = world.people["foreign_admin"].pk if column == "owner_id" else [uuid4()]
    statement = sql.SQL("UPDATE crm_lead SET {} = %s").format(sql.Identifier(column))

    with acting(app, world.people["admin"]), pytest.raises(errors.ForeignKeyViolation) as refused:
        app.execute(statement, [value])

    assert refused.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    "policy", ["lead_seen ON crm_lead", "task_seen ON crm_task", "entry_seen ON crm_timelineentry"]
)
def test_policy_that_is_gone_shows(world: World, policy: str) -> None:
    """The canary: without one rule, the comparisons above find more than they may."""
    table = policy.rsplit(maxsplit=1)[-1]
    with (
        psycopg.connect(address("postgres"), autocommit=True) as superuser,
        acting(superuser, world.people["outsider"]),
    ):
        superuser.execute(sql.SQL("DROP POLICY {}").format(sql.SQL(policy)))
        superuser.execute("SET LOCAL ROLE taproom_app")
        rows = superuser.execute(sql.SQL("SELECT FROM {}").format(sql.Identifier(table)))

        assert rows.rowcount == 3
