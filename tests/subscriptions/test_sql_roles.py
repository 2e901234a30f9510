"""The role of an outside program: how it is made and dropped, and what it can reach."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors, sql

from core.models import Tenant
from tests.servers import address
from tests.subscriptions.outside import as_owner, fill, made, manage, revoke

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE TEMPORARY VIEW mine AS SELECT 1",
        "CREATE TEMPORARY SEQUENCE mine",
        "CREATE TYPE mine AS (x int)",
        "CREATE DOMAIN mine AS int",
        "CREATE DATABASE mine",
        "CREATE EXTENSION dblink",
        "CREATE PUBLICATION mine FOR ALL TABLES",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_xact_lock(1, 1)",
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_shadow",
        "SELECT * FROM pg_user_mapping",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "COPY club FROM PROGRAM 'true'",
        "SELECT taproom.make_clubs_role(gen_random_uuid(), NULL)",
        "SELECT taproom.drop_clubs_role(gen_random_uuid())",
        "GRANT taproom_app TO CURRENT_USER",
        "ALTER ROLE CURRENT_USER CREATEROLE",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "SET session_replication_role = replica",
        "ALTER TABLE public.subscriptions_club DISABLE ROW LEVEL SECURITY",
        "SELECT * FROM public.django_session",
        "SELECT * FROM public.subscriptions_charge",
        "SELECT * FROM public.subscriptions_subscription",
    ],
)
def test_role_reaches_nothing_but_its_views(statement: str, outside: psycopg.Connection) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.FeatureNotSupported)):
        outside.execute(sql.SQL(statement))


def test_role_may_read_and_write_six_views_and_nothing_else(outside: psycopg.Connection) -> None:
    reached = outside.execute(
        "SELECT n.nspname || '.' || c.relname FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE has_schema_privilege(n.oid, 'USAGE') AND n.nspname NOT LIKE 'pg\\_%'"
        " AND n.nspname <> 'information_schema' AND CASE WHEN c.relkind = 'S'"
        " THEN has_sequence_privilege(c.oid, 'USAGE, SELECT, UPDATE')"
        " ELSE has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')"
        " END ORDER BY 1"
    ).fetchall()

    names = "club club_status club_status_history status subscription subscription_status_history"
    assert [name for (name,) in reached] == [f"clubs.{name}" for name in names.split()]


def test_neither_role_of_taproom_may_make_roles(db: None) -> None:
    for role in ("taproom_owner", "taproom_app"):
        with (
            psycopg.connect(address(role), autocommit=True) as connection,
            pytest.raises(errors.InsufficientPrivilege),
        ):
            connection.execute("CREATE ROLE anybody")


def test_app_may_not_have_roles_made(tenant: Tenant) -> None:
    with (
        psycopg.connect(address("taproom_app"), autocommit=True) as app,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        app.execute("SELECT taproom.make_clubs_role(%s, NULL)", [tenant.pk])


def test_password_itself_is_refused_where_its_verifier_belongs(tenant: Tenant) -> None:
    with as_owner() as owner, owner.cursor() as cursor, pytest.raises(Exception, match="verifier"):
        cursor.execute("SELECT taproom.make_clubs_role(%s, 'secret')", [tenant.pk])


def test_roles_of_two_tenants_are_made_at_the_same_time(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    tenants = [tenant, other_tenant] * 4

    with ThreadPoolExecutor(8) as pool:
        addresses = list(pool.map(made, tenants))

    # One of each has made the role and knows its password; all others found it there.
    assert sorted(one.partition(":")[2].split(":")[0] for one in addresses if one) == sorted(
        f"//clubs_{one.pk.hex}" for one in (tenant, other_tenant)
    )
    for one in filter(None, addresses):
        with psycopg.connect(one, autocommit=True) as connection:
            fill(connection)
            assert connection.execute("SELECT count(*) FROM subscription").fetchone() == (2,)
    revoke(tenant)
    revoke(other_tenant)


def test_revoked_role_is_gone_and_comes_back_as_another(tenant: Tenant) -> None:
    old = made(tenant)

    with psycopg.connect(old, autocommit=True) as connection:
        fill(connection)
        revoke(tenant)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT * FROM club")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(old)
    new = made(tenant)

    with psycopg.connect(new, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM subscription").fetchone() == (2,)
    revoke(tenant)


def test_tenant_that_is_not_there_gets_no_role(db: None) -> None:
    done = manage("clubs_sql_role", "--tenant", "nobody")

    assert (done.returncode, "postgresql://" in done.stdout) == (1, False)
