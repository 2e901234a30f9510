"""Fixtures for all tests: rows are really committed, by the role that serves, and then removed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connections
from hypothesis import HealthCheck, settings
from psycopg import sql
from pytest_django.plugin import DjangoDbBlocker

from core.models import Tenant, User
from tests.hashing import QuickHasher
from tests.servers import address

settings.register_profile("default", max_examples=50, deadline=None)
settings.register_profile(
    "thorough",
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

pytest_plugins = ["tests.browser", "tests.stack", "tests.stripe"]


def pytest_configure() -> None:
    """Hash passwords quickly: a slow hash protects people, not tests."""
    name = f"{QuickHasher.__module__}.{QuickHasher.__qualname__}"
    django_settings.PASSWORD_HASHERS = [name]


# Rows that migrations made and that no test changes.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="session")
def django_db_setup() -> None:
    """Keep pytest-django from making a database: tests.servers did, as the owner."""


@pytest.fixture(scope="session")
def superuser_connection() -> Iterator[psycopg.Connection]:
    """A connection that no policy binds: to clean up, and to see what really lies there."""
    with psycopg.connect(address("postgres"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.fixture(scope="session")
def all_tables(superuser_connection: psycopg.Connection) -> list[str]:
    """The tables whose rows go after each test."""
    query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    return [name for (name,) in superuser_connection.execute(query) if name not in KEPT_TABLES]


def remove_rows(connection: psycopg.Connection, tables: list[str]) -> None:
    """Empty the tables that hold rows; asking all of them first is one round trip."""
    ask = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
            sql.Literal(table), sql.Identifier(table)
        )
        for table in tables
    )
    for (table,) in connection.execute(ask).fetchall():
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


@pytest.fixture
def _django_db_helper(
    django_db_blocker: DjangoDbBlocker,
    superuser_connection: psycopg.Connection,
    all_tables: list[str],
) -> Iterator[None]:
    """Replace pytest-django's wrapping transaction, in which a tenant's scope would outlive it.

    With a test inside one outer transaction, settings made for the first request are still
    there for the second, and a test of isolation proves nothing.
    """
    with django_db_blocker.unblock():
        yield
        connections.close_all()
        remove_rows(superuser_connection, all_tables)
        cache.clear()


@pytest.fixture
def tenant(db: None) -> Tenant:
    """The tenant that a test works in."""
    return Tenant.objects.create(
        name="Amber Ales", slug="amber", time_zone="Europe/Amsterdam", default_currency="EUR"
    )


@pytest.fixture
def other_tenant(db: None) -> Tenant:
    """A tenant whose rows must stay hidden."""
    return Tenant.objects.create(
        name="Bitter Brews", slug="bitter", time_zone="America/New_York", default_currency="USD"
    )


@pytest.fixture
def admin(tenant: Tenant) -> User:
    """An admin of `tenant`; the password is `correct horse`."""
    return User.objects.create_user(
        "admin@amber.example", "correct horse", tenant=tenant, role="admin", name="Ada Admin"
    )


@pytest.fixture
def counselor(tenant: Tenant) -> User:
    """A counselor of `tenant`; the password is `correct horse`."""
    return User.objects.create_user(
        "cem@amber.example", "correct horse", tenant=tenant, role="counselor", name="Cem Counselor"
    )


@pytest.fixture
def other_admin(other_tenant: Tenant) -> User:
    """An admin of `other_tenant`; the password is `correct horse`."""
    return User.objects.create_user(
        "boss@bitter.example", "correct horse", tenant=other_tenant, role="admin", name="Bo Boss"
    )
