"""The tenant scope: what is set, for how long, and what happens when things go wrong."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from core.models import Team, TeamMembership, Tenant, User
from core.tenancy import NoScope, OtherTenantInScope, current, scope

pytestmark = pytest.mark.django_db


def settings_now() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting(name, true), '')"
            " FROM unnest(array['app.tenant_id', 'app.user_id', 'app.role']) name"
        )
        return [value for (value,) in cursor.fetchall()]


def backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def add_team(tenant: Tenant, name: str) -> Team:
    with scope(tenant.pk):
        return Team.objects.create(tenant=tenant, name=name)


def test_scope_tells_the_database_whose_rows_are_open(tenant: Tenant, admin: User) -> None:
    with scope(tenant.pk, user_id=admin.pk, role="admin"):
        told = settings_now()

    assert told == [str(tenant.pk), str(admin.pk), "admin"]


def test_rows_without_a_scope_are_none(tenant: Tenant) -> None:
    add_team(tenant, "Night shift")

    assert list(Team.objects.all()) == []


def test_rows_of_another_tenant_are_none(tenant: Tenant, other_tenant: Tenant) -> None:
    mine = add_team(tenant, "Mine")
    theirs = add_team(other_tenant, "Theirs")

    with scope(tenant.pk):
        assert list(Team.objects.all()) == [mine]
        assert Team.objects.filter(pk=theirs.pk).update(name="Taken") == 0
        assert Team.objects.filter(pk=theirs.pk).delete() == (0, {})
    with scope(other_tenant.pk):
        assert list(Team.objects.all()) == [theirs]


def test_nothing_is_left_on_a_connection_that_is_used_again(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    add_team(tenant, "Mine")
    with scope(tenant.pk):
        first = backend_pid()

    assert (backend_pid(), settings_now()) == (first, ["", "", ""])
    with scope(other_tenant.pk):
        assert list(Team.objects.all()) == []


def test_exception_rolls_back_and_leaves_nothing_set(tenant: Tenant) -> None:
    with pytest.raises(ZeroDivisionError), scope(tenant.pk):
        Team.objects.create(tenant=tenant, name="Half made")
        raise ZeroDivisionError

    assert settings_now() == ["", "", ""]
    with scope(tenant.pk):
        assert Team.objects.count() == 0


def test_session_wide_setting_would_leak_to_the_next_user_of_the_connection(
    tenant: Tenant,
) -> None:
    """Shows why the scope's settings end with its transaction: these ones do not."""
    add_team(tenant, "Mine")
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, false)", [str(tenant.pk)])

    assert Team.objects.count() == 1


def test_nested_scope_of_the_same_tenant_is_a_savepoint(tenant: Tenant) -> None:
    with scope(tenant.pk, role="admin"):
        with pytest.raises(ZeroDivisionError), scope(tenant.pk, role="counselor"):
            Team.objects.create(tenant=tenant, name="Inner")
            raise ZeroDivisionError
        Team.objects.create(tenant=tenant, name="Outer")
        assert current().role == "admin"

    with scope(tenant.pk):
        assert [team.name for team in Team.objects.all()] == ["Outer"]


def test_scope_of_another_tenant_inside_a_scope_is_refused(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    with scope(tenant.pk), pytest.raises(OtherTenantInScope), scope(other_tenant.pk):
        pass


def test_scope_inside_a_plain_transaction_is_refused(tenant: Tenant) -> None:
    with (
        transaction.atomic(),
        pytest.raises(RuntimeError, match="durable"),
        scope(tenant.pk),
    ):
        pass


def test_current_outside_a_scope_says_what_to_do() -> None:
    with pytest.raises(NoScope, match=r"open core\.tenancy\.scope"):
        current()


def test_row_cannot_be_made_for_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), scope(tenant.pk):
        Team.objects.create(tenant=other_tenant, name="Smuggled")


def test_row_cannot_be_moved_to_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    team = add_team(tenant, "Mine")

    with pytest.raises(ProgrammingError, match="row-level security"), scope(tenant.pk):
        Team.objects.filter(pk=team.pk).update(tenant=other_tenant)


def test_foreign_key_cannot_reach_across_tenants(
    tenant: Tenant, other_tenant: Tenant, other_admin: User
) -> None:
    """A plain foreign key could: PostgreSQL checks those past row-level security."""
    mine = add_team(tenant, "Mine")

    with pytest.raises(IntegrityError, match="same_tenant"), scope(other_tenant.pk):
        TeamMembership.objects.create(tenant=other_tenant, team_id=mine.pk, user=other_admin)


def test_updated_at_is_kept_by_the_database(tenant: Tenant) -> None:
    team = add_team(tenant, "Mine")
    with scope(tenant.pk):
        before = Team.objects.values_list("updated_at", flat=True).get()

    with scope(tenant.pk):
        Team.objects.filter(pk=team.pk).update(name="Renamed")
        after = Team.objects.values_list("updated_at", flat=True).get()

    assert after > before
