"""A tenant and its first admin are made together, or not at all."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from core.models import Tenant, User

GIVEN = {
    "name": "Cedar Cider",
    "slug": "cedar",
    "time_zone": "Europe/Brussels",
    "currency": "EUR",
    "admin_email": "Ann@Cedar.example",
}


@pytest.mark.django_db
def test_command_prints_a_password_that_works() -> None:
    out = io.StringIO()

    call_command("create_tenant", stdout=out, **GIVEN)

    told = dict(line.split(maxsplit=1) for line in out.getvalue().splitlines()[:3])
    tenant = Tenant.objects.get(slug="cedar")
    request = RequestFactory().post("/")
    user = authenticate(request, username="ann@cedar.example", password=told["password"])
    assert (told["tenant"], told["login"]) == (str(tenant.pk), "ann@cedar.example")
    assert isinstance(user, User)
    assert (user.tenant, user.role, user.is_superuser) == (tenant, "admin", False)
    assert (tenant.time_zone, tenant.default_currency) == ("Europe/Brussels", "EUR")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slug": "Not A Slug"}, "slug: "),
        ({"time_zone": "Mars/Olympus"}, "time_zone: 'Mars/Olympus' is not a time zone"),
        ({"currency": "XXX"}, "XXX"),
        ({"currency": "eur"}, "eur"),
        ({"admin_email": "nobody"}, "admin_email: "),
        ({"name": ""}, "name: "),
    ],
)
def test_command_refuses_in_words_and_keeps_nothing(change: dict[str, Any], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("create_tenant", **{**GIVEN, **change})

    assert (Tenant.objects.count(), User.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_second_run_makes_nothing_twice() -> None:
    call_command("create_tenant", stdout=io.StringIO(), **GIVEN)

    with pytest.raises(CommandError, match="slug: Tenant with this Slug already exists"):
        call_command("create_tenant", **GIVEN)
    with pytest.raises(CommandError, match="admin_email: "):
        call_command("create_tenant", **{**GIVEN, "slug": "cedar-2"})

    assert (Tenant.objects.count(), User.objects.count()) == (1, 1)
