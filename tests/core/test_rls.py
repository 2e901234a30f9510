"""The catalogue: every table is protected, or stands on the list of those that are not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from core.models import Tenant
from core.rls import FOUND_BEFORE_TENANT, UNSCOPED_TABLES, ProtectTenantTables
from tests.servers import address

ROOT = Path(__file__).resolve().parents[2]

TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
       (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid),
       pg_get_userbyid(c.relowner),
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
"""


def unprotected(connection: psycopg.Connection) -> set[str]:
    """The tables whose rows are seen without a tenant, by what the catalogue says."""
    return {
        name
        for name, enabled, forced, policies, _, has_tenant in connection.execute(TABLES)
        if not (enabled and forced) or (has_tenant and policies == 0)
    } | set(FOUND_BEFORE_TENANT)


@pytest.fixture
def catalogue() -> psycopg.Connection:
    with psycopg.connect(address("postgres"), autocommit=True) as connection:
        yield connection


def test_only_named_tables_are_unprotected(catalogue: psycopg.Connection) -> None:
    assert unprotected(catalogue) == set(UNSCOPED_TABLES)


def test_every_table_is_owned_by_the_role_that_does_not_serve(
    catalogue: psycopg.Connection,
) -> None:
    assert {row[4] for row in catalogue.execute(TABLES)} == {"taproom_owner"}


def test_every_tenant_column_has_an_index_and_a_key_to_point_at(
    catalogue: psycopg.Connection,
) -> None:
    query = """
    SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
    WHERE p.polname = 'tenant_isolation' AND EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'id')
      AND NOT EXISTS (
        SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'u'
        AND k.conname = c.relname || '_tenant_id_id')
    """

    assert catalogue.execute(query).fetchall() == []


def test_every_reference_between_tenant_tables_is_composite(
    catalogue: psycopg.Connection,
) -> None:
    query = """
    WITH scoped AS (SELECT polrelid AS id FROM pg_policy WHERE polname = 'tenant_isolation')
    SELECT k.conrelid::regclass || '.' || a.attname FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND cardinality(k.conkey) = 1
      AND k.conrelid IN (SELECT id FROM scoped) AND k.confrelid IN (SELECT id FROM scoped)
      AND NOT EXISTS (
        SELECT FROM pg_constraint c WHERE c.conrelid = k.conrelid AND c.contype = 'f'
        AND cardinality(c.conkey) = 2 AND c.conkey[2] = k.conkey[1])
    """

    assert catalogue.execute(query).fetchall() == []


def test_policies_cast_the_setting_and_not_the_column(catalogue: psycopg.Connection) -> None:
    query = (
        "SELECT DISTINCT qual, with_check FROM pg_policies WHERE policyname = 'tenant_isolation'"
    )

    policies = catalogue.execute(query).fetchall()

    assert len(policies) == 1
    qual, with_check = policies[0]
    assert qual == with_check
    assert "tenant_id = ( SELECT" in qual
    assert "tenant_id)::" not in qual


def test_forgotten_table_would_be_noticed(catalogue: psycopg.Connection) -> None:
    """The canary: without its policy a table shows up in the comparison above."""
    catalogue.execute("ALTER TABLE core_team NO FORCE ROW LEVEL SECURITY")
    try:
        found = unprotected(catalogue)
    finally:
        catalogue.execute("ALTER TABLE core_team FORCE ROW LEVEL SECURITY")

    assert found - set(UNSCOPED_TABLES) == {"core_team"}


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE core_team",
        "ALTER TABLE core_team DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE sneaky (id int)",
        "SET ROLE taproom_owner",
        "DROP POLICY tenant_isolation ON core_team",
    ],
)
def test_serving_role_cannot_change_the_rules(statement: str) -> None:
    with (
        psycopg.connect(address("taproom_app"), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(sql.SQL(statement))


def test_row_security_cannot_be_switched_off_by_the_serving_role() -> None:
    with psycopg.connect(address("taproom_app"), autocommit=True) as connection:
        connection.execute("SET row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM core_team")


@pytest.mark.django_db
def test_owner_of_the_tables_sees_no_rows_either(tenant: Tenant) -> None:
    with psycopg.connect(address("postgres"), autocommit=True) as superuser:
        superuser.execute(
            "INSERT INTO core_team (tenant_id, name) VALUES (%s, 'Mine')", [tenant.pk]
        )
    with psycopg.connect(address("taproom_owner"), autocommit=True) as owner:
        assert owner.execute("SELECT count(*) FROM core_team").fetchone() == (0,)


@pytest.mark.parametrize("role", ["postgres", "taproom_owner"])
def test_start_with_a_too_powerful_role_is_refused(role: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": address(role)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert f"The database role '{role}'" in answer.stderr
    assert "Nothing is served" in answer.stderr


def test_protecting_tables_describes_itself() -> None:
    assert ProtectTenantTables().describe() == "Protect tenant tables with row-level security"
