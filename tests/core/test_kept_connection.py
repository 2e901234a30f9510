"""A kept connection is checked without a round trip, and never used after it has ended."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

pytestmark = pytest.mark.django_db


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.fixture
def kept() -> int:
    """A session that was checked a moment ago; returns its number."""
    connection.health_check_enabled = True
    number = session()
    assert connection.is_usable()
    return number


def next_request() -> None:
    connection.health_check_enabled = True
    connection.health_check_done = False


def test_connection_that_lives_is_kept(kept: int) -> None:
    next_request()

    assert session() == kept


def test_connection_that_the_server_ended_is_replaced(
    kept: int, superuser_connection: psycopg.Connection
) -> None:
    superuser_connection.execute("SELECT pg_terminate_backend(%s, 5000)", [kept])

    next_request()

    assert session() != kept


def test_connection_that_is_closed_here_is_not_usable(kept: int) -> None:
    connection.connection.close()

    assert not connection.is_usable()


def test_server_is_asked_again_after_a_while(
    kept: int, superuser_connection: psycopg.Connection
) -> None:
    def asked() -> str:
        query = "SELECT query FROM pg_stat_activity WHERE pid = %s"
        return str(superuser_connection.execute(query, [kept]).fetchone()[0])

    session()
    connection.is_usable()
    soon = asked()
    connection._asked_at = 0.0
    connection.is_usable()

    assert (soon, asked()) == ("SELECT pg_backend_pid()", "SELECT 1")
