"""The wrapper of staff pages: who passes, what is open inside, and what stays after a failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import RequestFactory

from core import tenancy
from core.models import Team, Tenant, User
from core.pages import StreamError, staff_page

pytestmark = pytest.mark.django_db

TEAMS = "{% for team in teams %}{{ team.name }} {{ team.created_at|date:'e' }}{% endfor %}"


def request_of(user: User | None) -> HttpRequest:
    request = RequestFactory().get("/somewhere/?a=1")
    request.session = {}  # type: ignore[assignment]
    request.user = user  # type: ignore[assignment]
    return request


@staff_page()
def list_teams(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(TEAMS)
    return TemplateResponse(request, template, {"teams": Team.objects.all()})  # type: ignore[arg-type]


def add_team(name: str) -> None:
    Team.objects.create(tenant_id=tenancy.current().tenant_id, name=name)


def names(tenant: Tenant) -> list[str]:
    with tenancy.scope(tenant.pk):
        return [team.name for team in Team.objects.all()]


def test_staff_page_renders_inside_the_scope_and_zone_of_the_company(
    admin: User, tenant: Tenant, other_tenant: Tenant
) -> None:
    for company in (tenant, other_tenant):
        with tenancy.scope(company.pk):
            add_team(f"Team of {company.slug}")

    answer = list_teams(request_of(admin))

    assert answer.content.decode() == "Team of amber CET"
    assert tenancy.current_or_none() is None


def test_staff_page_tells_the_database_who_asks(counselor: User) -> None:
    @staff_page()
    def who(request: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.user_id'), current_setting('app.role')")
            return HttpResponse(" ".join(cursor.fetchone()))

    assert who(request_of(counselor)).content.decode() == f"{counselor.pk} counselor"


def test_staff_page_rolls_back_when_the_view_raises(admin: User, tenant: Tenant) -> None:
    @staff_page()
    def broken(request: HttpRequest) -> HttpResponse:
        add_team("Half done")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken(request_of(admin))

    assert names(tenant) == []


@pytest.mark.parametrize(("status", "kept"), [(500, []), (503, []), (404, ["T"]), (200, ["T"])])
def test_staff_page_rolls_back_an_answer_of_our_fault(
    admin: User, tenant: Tenant, status: int, kept: list[str]
) -> None:
    @staff_page()
    def answering(request: HttpRequest) -> HttpResponse:
        add_team("T")
        return HttpResponse(status=status)

    answering(request_of(admin))

    assert names(tenant) == kept


def test_staff_page_refuses_a_stream(admin: User) -> None:
    @staff_page()
    def stream(request: HttpRequest) -> StreamingHttpResponse:
        def rows() -> Iterator[bytes]:
            yield b"row"

        return StreamingHttpResponse(rows())

    with pytest.raises(StreamError):
        stream(request_of(admin))


def test_staff_page_sends_strangers_to_the_login() -> None:
    answer = list_teams(request_of(AnonymousUser()))  # type: ignore[arg-type]

    assert answer["Location"] == "/accounts/login/?next=/somewhere/%3Fa%3D1"


def test_staff_page_is_shut_for_other_roles(counselor: User, admin: User) -> None:
    @staff_page(roles=frozenset({"admin"}))
    def for_admins(request: HttpRequest) -> HttpResponse:
        return HttpResponse("open")

    assert for_admins(request_of(admin)).status_code == 200
    with pytest.raises(PermissionDenied):
        for_admins(request_of(counselor))
