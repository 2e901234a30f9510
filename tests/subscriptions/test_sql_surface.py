"""The schema `clubs`: what an outside program can do with its role, and what it cannot."""

from __future__ import annotations

import threading
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import errors, sql

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Club, Subscription
from tests.servers import address
from tests.subscriptions.conftest import CUSTOMER
from tests.subscriptions.outside import AGO, EXAMPLE, eligible, fill, made, manage, revoke
from tests.subscriptions.programs import Program, listed, program

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(tenant: Tenant) -> Program:
    """A program of `tenant`."""
    return program(tenant)


def test_example_ids_have_the_length_of_the_column() -> None:
    assert (len(CUSTOMER), len(EXAMPLE.format(0))) == (36, 36)


def test_views_have_the_columns_of_the_data_model(outside: psycopg.Connection) -> None:
    found = outside.execute(
        "SELECT table_name, string_agg(column_name || ' ' || data_type, ', '"
        " ORDER BY ordinal_position) FROM information_schema.columns"
        " WHERE table_schema = 'clubs' GROUP BY 1 ORDER BY 1"
    ).fetchall()

    at = "timestamp without time zone"
    text = "character varying"
    history = f"effect_date {at}, create_date {at}, details text"
    assert found == [
        ("club", f"id integer, name {text}, store_sku integer"),
        ("club_status", f"id integer, name {text}"),
        (
            "club_status_history",
            f"id {text}, club_id integer, club_status_id integer, {history}",
        ),
        ("status", f"id integer, name {text}"),
        (
            "subscription",
            f"id {text}, club_id integer, customer_store_id {text}, create_date {at}",
        ),
        (
            "subscription_status_history",
            f"id {text}, subscription_id {text}, status_id integer, {history}",
        ),
    ]


def test_statuses_are_there_from_the_start(outside: psycopg.Connection) -> None:
    assert outside.execute("SELECT * FROM status ORDER BY id").fetchall() == [
        (1, "active"),
        (2, "cancelled"),
        (3, "paused"),
    ]
    assert outside.execute("SELECT * FROM clubs.club_status ORDER BY id").fetchall() == [
        (1, "active"),
        (2, "closed"),
        (3, "inactive"),
    ]


def test_rows_put_in_count_at_once(outside: psycopg.Connection, api: Program) -> None:
    fill(outside)
    both = eligible(api)
    outside.execute(
        "INSERT INTO subscription_status_history (subscription_id, status_id, effect_date)"
        " VALUES (%s, 3, now())",
        [EXAMPLE.format(0)],
    )

    assert both == [EXAMPLE.format(0), EXAMPLE.format(1)]
    assert eligible(api) == [EXAMPLE.format(1)]


def test_rows_read_back_as_they_were_put_in(outside: psycopg.Connection) -> None:
    fill(outside, members=1)

    assert outside.execute("SELECT * FROM club").fetchall() == [(1, "Pilsner club", 7)]
    assert outside.execute("SELECT * FROM subscription").fetchall() == [
        (EXAMPLE.format(0), 1, "customer 0", AGO)
    ]
    assert outside.execute("SELECT * FROM subscription_status_history").fetchall() == [
        ("h0", EXAMPLE.format(0), 1, AGO, AGO, None)
    ]


def test_times_without_a_zone_are_utc_whatever_the_session_says(
    outside: psycopg.Connection, tenant: Tenant
) -> None:
    outside.execute("SET timezone = 'Asia/Tokyo'")
    fill(outside, members=1)

    with scope(tenant.pk):
        found = Subscription.objects.get()
    assert (found.subscribed_at, found.last_effective_at) == (AGO.replace(tzinfo=UTC),) * 2


def test_rows_can_be_changed_and_deleted(outside: psycopg.Connection, api: Program) -> None:
    fill(outside)
    one = EXAMPLE.format(0)

    outside.execute("UPDATE subscription_status_history SET status_id = 2 WHERE id = 'h0'")
    cancelled = eligible(api)
    outside.execute("DELETE FROM subscription_status_history WHERE id = 'h0'")
    without = outside.execute("DELETE FROM subscription WHERE id = %s", [one]).rowcount
    outside.execute("UPDATE club SET name = 'Lager club', store_sku = 8 WHERE id = 1")
    outside.execute("UPDATE club_status_history SET club_status_id = 3 WHERE club_id = 1")

    assert (cancelled, without) == ([EXAMPLE.format(1)], 1)
    assert outside.execute("SELECT name, store_sku FROM club").fetchall() == [("Lager club", 8)]
    assert eligible(api) == []


def test_moved_history_row_leaves_both_subscriptions_right(
    outside: psycopg.Connection, api: Program
) -> None:
    fill(outside)

    outside.execute(
        "UPDATE subscription_status_history SET subscription_id = %s, status_id = 3,"
        " effect_date = effect_date + interval '1 day' WHERE id = 'h0'",
        [EXAMPLE.format(1)],
    )

    assert eligible(api) == []
    excluded = listed(api.call("GET", "/subscription/eligible?explain=1"))["excluded"]
    assert sorted(one["reason"] for one in excluded) == ["no_status", "paused"]


def test_ids_come_by_themselves_when_none_is_given(outside: psycopg.Connection) -> None:
    fill(outside)

    club = outside.execute(
        "INSERT INTO club (name, store_sku) VALUES ('Second', 9) RETURNING id"
    ).fetchone()
    member = outside.execute(
        "INSERT INTO subscription (club_id, customer_store_id) VALUES (2, 'c') RETURNING id"
    ).fetchone()

    assert club == (2,)
    assert member is not None
    assert len(member[0]) == 36


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("INSERT INTO club VALUES (1, 'Again', 1)", "club_id_once_per_tenant"),
        (
            "INSERT INTO subscription VALUES ('x', 1, 'customer 0', now())",
            "subscription_once_per_customer_and_club",
        ),
        (
            "INSERT INTO subscription SELECT id, 1, 'other' FROM subscription LIMIT 1",
            "subscription_id_once_per_tenant",
        ),
        ("INSERT INTO subscription VALUES ('x', 9, 'c', now())", "club_is_known"),
        (
            "INSERT INTO subscription_status_history VALUES ('x', 'no', 1, now(), now())",
            "subscription_is_known",
        ),
        (
            "INSERT INTO club_status_history VALUES ('x', 1, 9, now(), now())",
            "club_status_history_status_is_known",
        ),
        (
            "UPDATE subscription_status_history SET status_id = 9",
            "subscription_status_history_status_is_known",
        ),
        (
            "UPDATE subscription_status_history SET effect_date = 'infinity'",
            "subscription_status_history_effect_date_in_range",
        ),
        ("UPDATE subscription SET customer_store_id = ''", "subscription_customer_is_one_line"),
        ("DELETE FROM status WHERE id = 1", "subscription_status_history_status_is_known"),
    ],
)
def test_rows_that_break_a_rule_are_refused_by_its_name(
    statement: str, rule: str, outside: psycopg.Connection
) -> None:
    fill(outside)

    with pytest.raises(errors.IntegrityError) as refused:
        outside.execute(sql.SQL(statement))

    assert refused.value.diag.constraint_name == rule


def test_subscribed_customer_is_refused_by_the_endpoint(
    outside: psycopg.Connection, api: Program
) -> None:
    fill(outside)

    answer = api.call("POST", "/club/1/subscribe/", {"customer_id": "customer 0"})

    assert answer.status_code == 409
    assert EXAMPLE.format(0) in answer.json()["detail"]


@pytest.fixture
def foreign(outside: psycopg.Connection, other_tenant: Tenant) -> None:
    """Rows of another tenant under the same ids."""
    fill(outside)
    their = made(other_tenant)
    with psycopg.connect(their, autocommit=True) as connection:
        fill(connection, members=4)
        connection.execute("UPDATE club SET name = 'Secret club'")
    revoke(other_tenant)


def test_rows_of_another_tenant_do_not_exist(
    foreign: None, outside: psycopg.Connection, other_tenant: Tenant
) -> None:
    tricks = [
        "SELECT 1",
        f"SELECT set_config('app.tenant_id', '{other_tenant.pk}', false)",
        f"SET app.tenant_id = '{other_tenant.pk}'",
    ]

    for trick in tricks:
        outside.execute(sql.SQL(trick))
        assert outside.execute("SELECT name FROM club").fetchall() == [("Pilsner club",)]
        assert outside.execute("SELECT count(*) FROM subscription").fetchone() == (2,)
        assert outside.execute("SELECT count(*) FROM status").fetchone() == (3,)
        changed = outside.execute("UPDATE subscription_status_history SET status_id = 2").rowcount
        assert changed == 2
    with scope(other_tenant.pk):
        assert Club.objects.get().name == "Secret club"
        assert {s.last_status for s in Subscription.objects.all()} == {1}


def test_rows_cannot_be_put_into_another_tenant(
    foreign: None, outside: psycopg.Connection, other_tenant: Tenant
) -> None:
    outside.execute("SELECT set_config('app.tenant_id', %s, false)", [str(other_tenant.pk)])

    outside.execute("INSERT INTO club VALUES (5, 'Mine', 5)")

    with scope(other_tenant.pk):
        assert [club.number for club in Club.objects.all()] == [1]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM public.core_tenant",
        "SELECT * FROM public.core_user",
        "SELECT * FROM public.subscriptions_club",
        "SELECT * FROM public.subscriptions_shopaccount",
        "INSERT INTO public.subscriptions_club (number) VALUES (1)",
        "SELECT clubs.club_called(1)",
        "SELECT clubs.subscription_called('x')",
        "SELECT public.subscriptions_give_statuses('00000000-0000-0000-0000-000000000000')",
        "SET ROLE taproom_owner",
        "SET ROLE taproom_app",
        "SET SESSION AUTHORIZATION taproom_owner",
        "ALTER ROLE taproom_app RENAME TO somebody",
        "CREATE TABLE clubs.mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE FUNCTION clubs.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "TRUNCATE public.subscriptions_club",
        "DROP VIEW club",
        "ALTER VIEW club RENAME TO mine",
        "GRANT SELECT ON club TO taproom_app",
        "COPY club TO '/dev/null'",
    ],
)
def test_role_can_do_nothing_else(statement: str, outside: psycopg.Connection) -> None:
    refused = (errors.InsufficientPrivilege, errors.FeatureNotSupported, errors.SyntaxError)
    granted = statement.startswith("GRANT")

    if granted:  # PostgreSQL warns and grants nothing
        outside.execute(sql.SQL(statement))
        with (
            psycopg.connect(address("taproom_app"), autocommit=True) as app,
            pytest.raises(errors.InsufficientPrivilege),
        ):
            app.execute("SELECT * FROM clubs.club")
        return
    with pytest.raises(refused):
        outside.execute(sql.SQL(statement))


def test_withdrawn_rows_are_not_shown_and_cannot_be_touched(
    outside: psycopg.Connection, api: Program
) -> None:
    fill(outside, members=1)
    path = f"/subscription/{EXAMPLE.format(0)}/status/"
    api.call("POST", path, {"status_id": 3, "interval": 30})
    paused = outside.execute("SELECT count(*) FROM subscription_status_history").fetchone()

    api.call("POST", path, {"status_id": 2})

    shown = outside.execute(
        "SELECT status_id FROM subscription_status_history ORDER BY effect_date"
    ).fetchall()
    outside.execute("DELETE FROM subscription_status_history WHERE status_id = 1")
    assert (paused, shown) == ((3,), [(1,), (3,), (2,)])
    with psycopg.connect(address("postgres")) as superuser:
        left = superuser.execute(
            "SELECT details FROM subscriptions_subscriptionstatuschange"
            " WHERE withdrawn_at IS NOT NULL"
        ).fetchall()
    assert left == [("Automatic return schedule",)]


def test_role_keeps_its_password_until_a_new_one_is_wanted(
    tenant: Tenant, sql_address: str
) -> None:
    again, replaced = made(tenant), made(tenant, new_password=True)

    assert again == ""
    assert urlsplit(replaced).username == f"clubs_{tenant.pk.hex}"
    assert urlsplit(replaced).password != urlsplit(sql_address).password


def test_command_prints_an_address_once_and_revokes(tenant: Tenant) -> None:
    first, again = (manage("clubs_sql_role", "--tenant", tenant.slug) for _ in range(2))
    with psycopg.connect(first.stdout.splitlines()[0], autocommit=True) as connection:
        fill(connection)
        revoked, gone = (
            manage("clubs_sql_role", "--tenant", tenant.slug, "--revoke") for _ in range(2)
        )

        with pytest.raises(psycopg.Error):
            connection.execute("SELECT * FROM clubs.club")
    assert "password stays" in again.stdout
    assert "postgresql://" not in again.stdout
    assert (revoked.returncode, gone.returncode) == (0, 1)
    assert "There is no role" in gone.stderr


def test_command_needs_the_owner(tenant: Tenant) -> None:
    done = manage("clubs_sql_role", "--tenant", tenant.slug, DATABASE_OWNER_URL="")

    assert (done.returncode, "DATABASE_OWNER_URL" in done.stderr) == (1, True)


def test_last_rows_stay_true_for_writers_at_the_same_time(
    outside: psycopg.Connection, sql_address: str, tenant: Tenant
) -> None:
    fill(outside, members=1)
    one = EXAMPLE.format(0)
    put = "INSERT INTO subscription_status_history VALUES (%s, %s, %s, %s, %s)"
    later: dict[str, Any] = {"b": AGO + timedelta(days=1), "c": AGO + timedelta(days=2)}
    outside.execute(put, ["b", one, 3, later["b"], later["b"]])

    with psycopg.connect(sql_address) as rival:
        rival.execute(put, ["c", one, 2, later["c"], later["c"]])
        deleting = threading.Thread(
            target=outside.execute,
            args=["DELETE FROM subscription_status_history WHERE id = 'b'"],
        )
        deleting.start()
        rival.commit()
        deleting.join(30)

    with scope(tenant.pk):
        found = Subscription.objects.get()
        assert (found.last_status, found.changes.order_by("-effective_at")[0].status) == (2, 2)
