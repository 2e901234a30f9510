"""API keys: shown once, found by hash, shut for good."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core import scopes, tenancy
from core.models import ApiKey, Entry, Tenant, User
from core.operations.api_keys import (
    KeyAlreadyRevoked,
    UnknownScopes,
    make_api_key,
    revoke_api_key,
    use_api_key,
)

scopes.register("teams:read", "see teams")


def make(tenant: Tenant, **fields: Any) -> Any:
    with tenancy.scope(tenant.pk):
        return make_api_key(name="Shop", scopes=["teams:read"], by=None, **fields)


def test_key_is_shaped_to_be_recognised(tenant: Tenant) -> None:
    key = make(tenant)

    assert re.fullmatch(r"tap_[0-9a-f]{8}_[\w-]{32}", key.secret)
    assert key.row.prefix == key.secret.split("_")[1]


def test_secret_is_nowhere_in_the_database(
    tenant: Tenant, superuser_connection: psycopg.Connection
) -> None:
    key = make(tenant)

    rows = superuser_connection.execute(
        "SELECT k::text FROM core_apikey k UNION ALL SELECT e::text FROM core_entry e"
    ).fetchall()

    assert len(rows) == 2
    assert not any(key.secret.rsplit("_", 1)[1] in row for (row,) in rows)


def test_key_opens_its_tenant(tenant: Tenant) -> None:
    key = make(tenant)

    found = use_api_key(secret=key.secret, now=timezone.now())

    assert found == (key.row, tenant)


def test_key_ends_on_the_moment_it_expires(tenant: Tenant) -> None:
    now = timezone.now()
    key = make(tenant, expires_at=now)

    before = use_api_key(secret=key.secret, now=now - timedelta(microseconds=1))

    assert before == (key.row, tenant)
    assert use_api_key(secret=key.secret, now=now) is None


def test_revoked_key_opens_nothing_and_leaves_no_entry(tenant: Tenant) -> None:
    key, now = make(tenant), timezone.now()

    with tenancy.scope(tenant.pk):
        revoke_api_key(key=key.row, now=now)

    assert use_api_key(secret=key.secret, now=now) is None
    assert Entry.objects.count() == 0


def test_revoking_twice_is_told(tenant: Tenant) -> None:
    key, now = make(tenant), timezone.now()

    with tenancy.scope(tenant.pk):
        revoke_api_key(key=key.row, now=now)
        with pytest.raises(KeyAlreadyRevoked, match="Shop was revoked before"):
            revoke_api_key(key=key.row, now=now)


def test_key_of_another_tenant_cannot_be_revoked(tenant: Tenant, other_tenant: Tenant) -> None:
    key, now = make(tenant), timezone.now()

    with tenancy.scope(other_tenant.pk), pytest.raises(KeyAlreadyRevoked):
        revoke_api_key(key=key.row, now=now)

    assert use_api_key(secret=key.secret, now=now) == (key.row, tenant)


@pytest.mark.parametrize("asked", [[], ["teams:read", "moon:walk"]])
def test_unknown_scopes_are_refused(tenant: Tenant, asked: list[str]) -> None:
    with tenancy.scope(tenant.pk), pytest.raises(UnknownScopes, match="There are: "):
        make_api_key(name="Shop", scopes=asked, by=None)


def test_scope_names_have_one_shape() -> None:
    with pytest.raises(ValueError, match="is not a scope"):
        scopes.register("Links", "see links")


def test_roles_hold_scopes(admin: User) -> None:
    scopes.register("moons:read", "see moons")
    scopes.register("moons:write", "move moons")
    scopes.register("moons:walk", "walk on moons", counselor=True)

    counselor, all_of_them = scopes.of_role("counselor"), scopes.of_role("admin")

    assert {"moons:read", "moons:walk"} <= counselor
    assert "moons:write" not in counselor
    assert all_of_them == {scope.name for scope in scopes.known()}


def test_command_prints_the_key_once(tenant: Tenant) -> None:
    out = io.StringIO()

    call_command(
        "make_api_key", tenant="amber", name="Shop", scope=["teams:read"], days=30, stdout=out
    )

    secret = out.getvalue().splitlines()[0]
    found = use_api_key(secret=secret, now=timezone.now())
    with tenancy.scope(tenant.pk):
        row = ApiKey.objects.get()
    assert found == (row, tenant)
    assert row.expires_at is not None
    assert timedelta(days=29) < row.expires_at - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tenant": "nobody"}, "no tenant 'nobody'"),
        ({"scope": ["moon:fly"]}, "Unknown scopes: moon:fly"),
        ({"days": 0}, "at least one day"),
    ],
)
def test_command_refuses_in_words(tenant: Tenant, arguments: dict[str, Any], words: str) -> None:
    given = {"tenant": "amber", "name": "Shop", "scope": ["teams:read"], **arguments}

    with pytest.raises(CommandError, match=words):
        call_command("make_api_key", **given)
