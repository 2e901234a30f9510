"""A backup is one when it was restored: rows, policies and rights compared on another server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from core.demo.postgres import SUPERUSER, LocalPostgres
from core.demo.postgres_programs import find_programs
from core.models import Tenant, WebhookMessage
from core.tenancy import scope
from tests.runtime.conftest import ROOT
from tests.servers import address

pytestmark = pytest.mark.django_db

RESTORED = "restored"
POLICIES = """
SELECT schemaname, tablename, policyname, permissive, roles::text, cmd, qual, with_check
FROM pg_policies ORDER BY 1, 2, 3
"""
TABLES = """
SELECT c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
       pg_get_userbyid(c.relowner), c.relacl::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'clubs', 'taproom') AND c.relkind IN ('r', 'p', 'v', 'S') ORDER BY 1
"""
DEFINITIONS = """
SELECT 'constraint', conrelid::regclass::text, conname, contype::text
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, indexname, '' FROM pg_indexes
WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, tgenabled::text
FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2, 3
"""
SECRETIVE = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^pg_(try_)?advisory_'
AND has_function_privilege('public', p.oid, 'EXECUTE')
"""


def programs() -> dict[str, str]:
    return {**os.environ, "PATH": f"{find_programs()}:{os.environ['PATH']}"}


def run(script: str, *words: str | Path, **variables: str) -> str:
    done = subprocess.run(
        [ROOT / "deploy" / script, *words],
        env={**programs(), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def rows_of(connection: psycopg.Connection) -> dict[str, Any]:
    """Return for each table how many rows there are and a hash of all of them."""
    names = [row[0] for row in connection.execute(TABLES) if row[1] in {"r", "p"}]
    query = "SELECT count(*), md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM {} t"
    return {
        name: connection.execute(sql.SQL(query).format(sql.Identifier("public", name))).fetchone()
        for name in names
    }


@pytest.fixture
def backup_role(superuser_connection: psycopg.Connection) -> Iterator[str]:
    """The address of the database as the role that makes backups."""
    superuser_connection.execute((ROOT / "deploy" / "backup.sql").read_bytes())
    superuser_connection.execute((ROOT / "deploy" / "backup.sql").read_bytes())
    yield address("taproom_backup")
    superuser_connection.execute("DROP OWNED BY taproom_backup")
    superuser_connection.execute("DROP ROLE taproom_backup")


@pytest.fixture
def other_server(tmp_path: Path) -> Iterator[LocalPostgres]:
    """A PostgreSQL that has never heard of Taproom."""
    server = LocalPostgres(home=tmp_path / "postgres", durable=False)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


def test_backup_is_restored_on_another_server_with_all_that_protects_it(
    tenant: Tenant,
    superuser_connection: psycopg.Connection,
    backup_role: str,
    other_server: LocalPostgres,
    tmp_path: Path,
) -> None:
    other_tenant = Tenant.objects.create(name="Bitter Brews", slug="bitter")
    for company in (tenant, other_tenant):
        with scope(company.pk):
            WebhookMessage.objects.create(
                tenant=company, event_type="webhook.test", body="{}", happened_at=company.created_at
            )
    before = rows_of(superuser_connection)

    dump = run("backup.sh", tmp_path / "backups", BACKUP_DATABASE_URL=backup_role)
    url = other_server.url("postgres", SUPERUSER)
    run("restore.sh", dump, RESTORED, SUPERUSER_URL=url)

    with psycopg.connect(other_server.url(RESTORED, SUPERUSER)) as restored:
        assert rows_of(restored) == before
        for question in (POLICIES, TABLES, DEFINITIONS):
            there = superuser_connection.execute(question).fetchall()
            # The role that made the backup is no part of it.
            assert restored.execute(question).fetchall() == there
        assert restored.execute(SECRETIVE).fetchall() == []
    assert sorted(row[0] for row in before.values())[-1] > 1
    assert_app_role_is_confined(other_server, tenant)


def assert_app_role_is_confined(server: LocalPostgres, tenant: Tenant) -> None:
    with psycopg.connect(server.url(RESTORED, "taproom_app")) as app:
        count = "SELECT count(*), min(tenant_id::text) FROM core_webhookmessage"
        assert app.execute(count).fetchone() == (0, None)
        app.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant.pk)])
        assert app.execute(count).fetchone() == (1, str(tenant.pk))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("ALTER TABLE core_webhookmessage DISABLE ROW LEVEL SECURITY")


def test_owner_cannot_make_a_backup_since_policies_bind_it(tenant: Tenant, tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "deploy" / "backup.sh", tmp_path],
        env={**programs(), "BACKUP_DATABASE_URL": address("taproom_owner")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "row-level security policy" in done.stderr
    assert list(tmp_path.glob("*.dump")) == []


def test_backup_role_reads_all_and_writes_nothing(tenant: Tenant, backup_role: str) -> None:
    with psycopg.connect(backup_role) as connection:
        assert connection.execute("SELECT count(*) FROM core_tenant").fetchone() == (1,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM core_tenant")
        connection.rollback()
        connection.execute("SET default_transaction_read_only = off")
        connection.commit()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM core_tenant")


def test_outside_programs_keep_their_role(
    tenant: Tenant, backup_role: str, other_server: LocalPostgres, tmp_path: Path
) -> None:
    role = f"clubs_{tenant.pk.hex}"
    with psycopg.connect(address("postgres"), autocommit=True) as connection:
        connection.execute("SELECT taproom.make_clubs_role(%s, NULL)", [tenant.pk])
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA clubs TO {}").format(sql.Identifier(role))
        )
        try:
            dump = run("backup.sh", tmp_path / "backups", BACKUP_DATABASE_URL=backup_role)
        finally:
            connection.execute("SELECT taproom.drop_clubs_role(%s)", [tenant.pk])

    run("restore.sh", dump, RESTORED, SUPERUSER_URL=other_server.url("postgres", SUPERUSER))

    with psycopg.connect(other_server.url(RESTORED, SUPERUSER)) as restored:
        query = "SELECT rolcanlogin, rolinherit, rolbypassrls FROM pg_roles WHERE rolname = %s"
        assert restored.execute(query, [role]).fetchone() == (True, False, False)
        usage = "SELECT has_schema_privilege(%s, 'clubs', 'USAGE')"
        assert restored.execute(usage, [role]).fetchone() == (True,)
