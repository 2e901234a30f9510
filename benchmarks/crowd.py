"""One company with very many leads, made set by set past all triggers."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg

PEOPLE, TEAMS = 100, 20

# One in ten leads is given to a team; one in `every` has an application, a task and an entry.
_FILL = [
    """
INSERT INTO crm_lead (tenant_id, owner_id, team_ids, stage, name, email,
                      created_at, stage_since, last_activity_at)
SELECT %(tenant)s, (%(people)s::uuid[])[1 + i %% %(n_people)s],
       CASE WHEN i %% 10 = 0 THEN ARRAY[(%(teams)s::uuid[])[1 + (i / 10) %% %(n_teams)s]]
            ELSE '{}' END,
       (ARRAY['new', 'contacted', 'advising', 'converted'])[1 + (i / 100) %% 4],
       'Lead ' || i, 'lead' || i || '@example.com', moment, moment, moment
FROM generate_series(1, %(leads)s) i, LATERAL (SELECT now() - i * interval '1 minute' AS moment) m
""",
    """
INSERT INTO crm_leadteam (tenant_id, lead_id, team_id)
SELECT tenant_id, id, unnest(team_ids) FROM crm_lead WHERE tenant_id = %(tenant)s
""",
    """
INSERT INTO crm_application (tenant_id, lead_id, programme, stage, created_at, stage_since)
SELECT tenant_id, id, 'Brewing', (ARRAY['draft', 'submitted', 'accepted'])
           [1 + abs(hashtext(id::text)) %% 3], created_at, created_at
FROM crm_lead WHERE tenant_id = %(tenant)s AND hashtext(id::text) %% %(every)s = 0
""",
    """
INSERT INTO crm_task (tenant_id, application_id, lead_id, type, created_at, due_at,
                      status, completed_at)
SELECT tenant_id, id, lead_id, 'call', created_at, created_at + interval '30 days',
       CASE WHEN done THEN 'completed' ELSE 'open' END, CASE WHEN done THEN created_at END
FROM (SELECT *, abs(hashtext(id::text)) %% 10 < 6 AS done FROM crm_application
      WHERE tenant_id = %(tenant)s) application
""",
    """
INSERT INTO crm_timelineentry (tenant_id, lead_id, kind, text, facts, happened_at)
SELECT tenant_id, lead_id, 'created', '', '{}', created_at FROM crm_application
WHERE tenant_id = %(tenant)s
""",
]


@dataclass(frozen=True, slots=True)
class Crowd:
    """The company, one of its counselors and the team of that counselor."""

    tenant_id: UUID
    counselor_id: UUID
    team_id: UUID


def make_crowd(superuser_url: str, *, leads: int, every: int = 1) -> Crowd:
    """Fill the tables of the CRM; needs a superuser, since triggers are left out."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        tenant_id = _one(
            connection,
            "INSERT INTO core_tenant (name, slug, time_zone, default_currency, redirect_hosts)"
            " VALUES ('Crowd', 'crowd', 'UTC', 'EUR', '{}') RETURNING id",
        )
        people = [_person(connection, tenant_id, number) for number in range(PEOPLE)]
        teams = [_team(connection, tenant_id, number) for number in range(TEAMS)]
        for number, person in enumerate(people):
            connection.execute(
                "INSERT INTO core_teammembership (tenant_id, team_id, user_id) VALUES (%s, %s, %s)",
                [tenant_id, teams[number % TEAMS], person],
            )
        connection.execute("SET session_replication_role = replica")
        values = {
            "tenant": tenant_id, "people": people, "teams": teams,
            "n_people": PEOPLE, "n_teams": TEAMS, "leads": leads, "every": every,
        }  # fmt: skip
        for statement in _FILL:
            connection.execute(
                statement, {k: v for k, v in values.items() if f"({k})" in statement}
            )
        connection.execute("VACUUM ANALYZE")
    return Crowd(tenant_id, people[0], teams[0])


def _one(connection: psycopg.Connection, statement: str, *values: object) -> UUID:
    row = connection.execute(statement, values).fetchone()
    assert row is not None
    return row[0]


def _person(connection: psycopg.Connection, tenant_id: UUID, number: int) -> UUID:
    return _one(
        connection,
        "INSERT INTO core_user (password, is_superuser, is_active, is_staff, name, role, email,"
        " tenant_id) VALUES ('!', false, true, true, '', 'counselor', %s, %s) RETURNING id",
        f"counselor{number}@crowd.example",
        tenant_id,
    )


def _team(connection: psycopg.Connection, tenant_id: UUID, number: int) -> UUID:
    return _one(
        connection,
        "INSERT INTO core_team (tenant_id, name) VALUES (%s, %s) RETURNING id",
        tenant_id,
        f"Team {number}",
    )
