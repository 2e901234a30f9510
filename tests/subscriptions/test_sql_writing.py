"""What outside programs write: defaults, zones, rivals, and what stands in their way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from psycopg import errors

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Subscription
from tests.subscriptions.outside import AGO, EXAMPLE, eligible, fill
from tests.subscriptions.programs import Program, listed, program

pytestmark = pytest.mark.django_db
PUT = "INSERT INTO subscription_status_history VALUES (%s, %s, %s, %s, %s, %s)"


@pytest.fixture
def api(tenant: Tenant) -> Program:
    """A program of `tenant`."""
    return program(tenant)


def last(tenant: Tenant) -> list[tuple[int | None, datetime | None]]:
    """Return what is kept of each history, by the subscriptions' ids."""
    with scope(tenant.pk):
        rows = Subscription.objects.order_by("reference")
        return list(rows.values_list("last_status", "last_effective_at"))


def test_moment_with_a_zone_is_the_moment_it_names(
    outside: psycopg.Connection, tenant: Tenant
) -> None:
    fill(outside, members=1)
    moment = datetime(2026, 3, 29, 4, 30, tzinfo=timezone(timedelta(hours=2)))

    outside.execute(PUT, ["x", EXAMPLE.format(0), 3, moment, moment, None])

    assert last(tenant) == [(3, moment)]
    read = outside.execute(
        "SELECT effect_date FROM subscription_status_history WHERE id = 'x'"
    ).fetchone()
    assert read == (moment.astimezone(UTC).replace(tzinfo=None),)


def test_row_of_ids_alone_takes_effect_when_it_is_put_in(
    outside: psycopg.Connection, api: Program
) -> None:
    fill(outside, members=1)

    outside.execute("INSERT INTO club (id, name, store_sku) VALUES (2, 'Second', 8)")
    outside.execute("INSERT INTO club_status_history (club_id, club_status_id) VALUES (2, 2)")
    outside.execute(
        "INSERT INTO subscription (id, club_id, customer_store_id) VALUES ('m', 2, 'c')"
    )
    outside.execute(
        "INSERT INTO subscription_status_history (subscription_id, status_id) VALUES ('m', 1)"
    )

    assert eligible(api) == [EXAMPLE.format(0), "m"]


def test_rows_of_many_put_in_at_once_count(outside: psycopg.Connection, api: Program) -> None:
    fill(outside, members=0)

    outside.execute("INSERT INTO subscription SELECT 's' || n, 1, 'c' || n FROM"
                    " generate_series(1, 500) n")  # fmt: skip
    outside.execute(
        "INSERT INTO subscription_status_history (subscription_id, status_id)"
        " SELECT id, 1 FROM subscription"
    )
    outside.execute("UPDATE subscription_status_history SET status_id = 3"
                    " WHERE subscription_id LIKE 's1%'")  # fmt: skip

    assert len(eligible(api)) == 500 - 111


def test_copied_rows_count(outside: psycopg.Connection, api: Program) -> None:
    fill(outside, members=0)

    with outside.cursor() as cursor:
        with cursor.copy("COPY subscription FROM STDIN") as copy:
            copy.write_row(("s", 1, "c", AGO))
        with cursor.copy("COPY subscription_status_history FROM STDIN") as copy:
            copy.write_row(("h", "s", 1, AGO, AGO, None))

    assert eligible(api) == ["s"]


def test_later_record_wins_a_tie(outside: psycopg.Connection, api: Program, tenant: Tenant) -> None:
    fill(outside, members=1)
    one, second = EXAMPLE.format(0), timedelta(microseconds=1)

    outside.execute(PUT, ["x", one, 3, AGO, AGO + second, None])
    paused = eligible(api)
    outside.execute(PUT, ["y", one, 2, AGO, AGO - second, None])

    assert (paused, eligible(api)) == ([], [])
    assert last(tenant) == [(3, AGO.replace(tzinfo=UTC))]


def test_clashing_club_can_be_passed_over(outside: psycopg.Connection) -> None:
    fill(outside, members=0)

    done = outside.execute("INSERT INTO club VALUES (1, 'Again', 1) ON CONFLICT DO NOTHING")

    assert done.rowcount == 0
    assert outside.execute("SELECT name FROM club").fetchall() == [("Pilsner club",)]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT INTO club VALUES (3000000000, 'x', 1)", errors.NumericValueOutOfRange),
        ("INSERT INTO club VALUES (2, NULL, 1)", errors.NotNullViolation),
        ("INSERT INTO club VALUES (2, 'x', NULL)", errors.NotNullViolation),
        ("INSERT INTO club VALUES (2, repeat('x', 256), 1)", errors.StringDataRightTruncation),
        ("INSERT INTO subscription (club_id) VALUES (1)", errors.NotNullViolation),
        (
            "INSERT INTO subscription VALUES (repeat('x', 37), 1, 'c', now())",
            errors.StringDataRightTruncation,
        ),
        ("INSERT INTO subscription VALUES (E'a\\nb', 1, 'c', now())", errors.CheckViolation),
        ("INSERT INTO subscription VALUES ('x', NULL, 'c', now())", errors.ForeignKeyViolation),
        ("INSERT INTO subscription VALUES ('x', 1, 'c', 'infinity')", errors.CheckViolation),
        ("INSERT INTO subscription VALUES ('x', 1, 'c', '4713-01-01 BC')", errors.CheckViolation),
        ("UPDATE subscription_status_history SET status_id = NULL", errors.NotNullViolation),
        (
            "UPDATE subscription_status_history SET effect_date = '294276-12-31'",
            errors.CheckViolation,
        ),
        ("UPDATE subscription_status_history SET id = ''", errors.CheckViolation),
        ("DELETE FROM club", errors.ForeignKeyViolation),
        ("DELETE FROM subscription", errors.ForeignKeyViolation),
    ],
)
def test_bad_value_is_refused_and_changes_nothing(
    statement: str, error: type[Exception], outside: psycopg.Connection, tenant: Tenant
) -> None:
    fill(outside)
    before = last(tenant)

    with pytest.raises(error):
        outside.execute(statement.encode())

    assert last(tenant) == before


def test_one_snapshot_cannot_make_the_last_row_a_lie(
    sql_address: str, outside: psycopg.Connection, tenant: Tenant
) -> None:
    """A transaction that sees what was, and not what a rival has put in since."""
    fill(outside, members=1)
    one = EXAMPLE.format(0)
    outside.execute(PUT, ["c", one, 2, AGO + timedelta(days=2), AGO, None])

    with psycopg.connect(sql_address) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT * FROM subscription_status_history")
        outside.execute(PUT, ["b", one, 3, AGO + timedelta(days=1), AGO, None])
        with pytest.raises(errors.SerializationFailure):
            old.execute("DELETE FROM subscription_status_history WHERE id = 'c'")

    outside.execute("DELETE FROM subscription_status_history WHERE id = 'c'")
    assert last(tenant) == [(3, (AGO + timedelta(days=1)).replace(tzinfo=UTC))]


def test_subscription_with_withdrawn_rows_can_be_deleted(
    outside: psycopg.Connection, api: Program
) -> None:
    fill(outside, members=1)
    one = EXAMPLE.format(0)
    api.call("POST", f"/subscription/{one}/status/", {"status_id": 3, "interval": 9})
    api.call("POST", f"/subscription/{one}/status/", {"status_id": 2})

    outside.execute("DELETE FROM subscription_status_history")
    done = outside.execute("DELETE FROM subscription")

    assert done.rowcount == 1
    assert listed(api.call("GET", "/subscription/eligible?explain=1")) == {
        "eligible": [], "excluded": [],
    }  # fmt: skip


def test_row_is_no_return_once_it_says_something_else(
    outside: psycopg.Connection, api: Program
) -> None:
    fill(outside, members=1)
    path = f"/subscription/{EXAMPLE.format(0)}/status/"
    api.call("POST", path, {"status_id": 3, "interval": 9})
    outside.execute(
        "UPDATE subscription_status_history SET status_id = 2 WHERE effect_date > now()"
    )

    answer = api.call("POST", path, {"status_id": 1}).json()

    assert answer["withdrawn"] == []
    assert answer["next_change"]["status_id"] == 2


@pytest.mark.parametrize("status", [1, 2, 3])
def test_status_that_a_program_took_away_is_told(
    status: int, outside: psycopg.Connection, api: Program
) -> None:
    outside.execute("INSERT INTO club VALUES (1, 'x', 1)")
    outside.execute("INSERT INTO club_status_history (club_id, club_status_id) VALUES (1, 1)")
    outside.execute("INSERT INTO subscription VALUES ('s', 1, 'c')")
    outside.execute("DELETE FROM status")

    answer = api.call("POST", "/subscription/s/status/", {"status_id": status})
    joined = api.call("POST", "/club/1/subscribe/", {"customer_id": "d"})

    assert (answer.status_code, answer.json()["code"]) == (409, "status_missing")
    assert f"has no row {status}" in answer.json()["detail"]
    assert (joined.status_code, joined.json()["code"]) == (409, "status_missing")
