"""The first page, the search, timelines and the choice of a company."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.backoffice.admin import TenantAdmin
from core.backoffice.search import search
from core.backoffice.timelines import Happening, register_timeline, timeline_of
from core.backoffice.worklists import waiting_work
from core.models import ApiKey, Team, Tenant, User
from core.tenancy import scope
from tests.backoffice.conftest import logged_in

pytestmark = pytest.mark.django_db


def add_team(tenant: Tenant, name: str) -> Team:
    with scope(tenant.pk):
        return Team.objects.create(tenant=tenant, name=name)


def counts(tenant: Tenant, user: User, now: datetime) -> dict[str, int]:
    with scope(tenant.pk):
        return {w.worklist.name: w.count for w in waiting_work(user=user, now=now)}


def test_worklists_count_rows_of_the_own_company(
    tenant: Tenant, other_tenant: Tenant, admin: User, counselor: User, other_admin: User
) -> None:
    now = timezone.now()
    for company, days in ((tenant, 13), (tenant, 15), (other_tenant, 1)):
        with scope(company.pk):
            ends = now + timedelta(days=days)
            ApiKey.objects.create(tenant=company, name="k", prefix="p", expires_at=ends)

    counted = counts(tenant, admin, now)

    assert counted["keys_ending_soon"] == 1
    assert counted["people_without_second_factor"] == 2


def test_worklists_of_admins_are_hidden_from_counselors(tenant: Tenant, counselor: User) -> None:
    counted = counts(tenant, counselor, timezone.now())

    assert "people_without_second_factor" not in counted


def test_home_puts_what_waits_before_what_is_clear(admin_pages: Client) -> None:
    home = admin_pages.get("/admin/")

    assert "people_without_second_factor" in [w.worklist.name for w in home.context["waiting"]]
    assert {w.count for w in home.context["clear"]} == {0}


def test_home_shows_edits_of_the_own_company_alone(
    admin: User, other_admin: User, tenant: Tenant, other_tenant: Tenant
) -> None:
    for user, name in ((admin, "Amber team"), (other_admin, "Bitter team")):
        logged_in(user).post(
            reverse("admin:core_team_add"),
            {"name": name, "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"},
        )

    home = logged_in(admin).get("/admin/").content.decode()

    assert LogEntry.objects.count() == 2
    assert "Amber team" in home
    assert "Bitter team" not in home


def test_search_finds_rows_of_the_own_company_for_admins_alone(
    tenant: Tenant, other_tenant: Tenant, admin: User, counselor: User
) -> None:
    add_team(tenant, "North quarter")
    add_team(other_tenant, "North quay")

    with scope(tenant.pk):
        for_admin = [(f.kind, f.title) for f in search(query="nOrTh  q", user=admin)]
        for_counselor = search(query="north", user=counselor)

    assert for_admin == [("Team", "North quarter")]
    assert for_counselor == []


def test_search_finds_no_people_of_other_companies(
    admin_pages: Client, admin: User, other_admin: User
) -> None:
    found = admin_pages.get("/admin/search/?q=example", headers={"Accept": "application/json"})

    assert [r["detail"] for r in found.json()["results"]] == [admin.email]


def test_search_is_a_page_without_javascript(admin_pages: Client, tenant: Tenant) -> None:
    add_team(tenant, "North quarter")

    page = admin_pages.get("/admin/search/?q=north", headers={"Accept": "text/html"})

    assert "North quarter" in page.content.decode()


@pytest.mark.parametrize("query", ["", " ", "\0", "%", "'", "x" * 5000])
def test_search_takes_any_text(admin_pages: Client, query: str) -> None:
    answer = admin_pages.get("/admin/search/", {"q": query}, headers={"Accept": "application/json"})

    assert answer.json() == {"results": []}


def test_timeline_joins_edits_and_what_apps_know(
    admin_pages: Client, tenant: Tenant, admin: User
) -> None:
    team = add_team(tenant, "North")
    long_ago = timezone.now() - timedelta(days=1)
    register_timeline(Team, happening_of(long_ago))
    url = reverse("admin:core_team_change", args=[team.pk])
    form = {"name": "Far north", "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    admin_pages.post(url, form)

    with scope(tenant.pk):
        told = [(h.what, h.who) for h in timeline_of(team)]
    page = admin_pages.get(url).content.decode()

    assert told == [("Changed Name.", "Ada Admin"), ("Won a prize", "")]
    assert page.index("Changed Name.") < page.index("Won a prize")


def happening_of(when: datetime) -> Callable[[Team], list[Happening]]:
    def source(team: Team) -> list[Happening]:
        return [Happening(when=when, what="Won a prize")] if team.name else []

    return source


def test_tenant_admin_tells_the_timeline_of_its_rows(tenant: Tenant) -> None:
    page = site.get_model_admin(Team)
    team = add_team(tenant, "Quiet")

    assert isinstance(page, TenantAdmin)
    with scope(tenant.pk):
        assert [h.what for h in page.timeline(team) if h.who] == []


def test_operator_picks_a_company_before_anything_else(
    operator: User, tenant: Tenant, other_tenant: Tenant
) -> None:
    add_team(tenant, "Amber team")
    add_team(other_tenant, "Bitter team")
    pages = logged_in(operator)

    asked = pages.get("/admin/core/team/")
    picked = pages.post(
        "/admin/company/", {"tenant": str(other_tenant.pk), "next": "/admin/core/team/"}
    )
    listed = pages.get(picked["Location"]).content.decode()

    assert asked["Location"] == "/admin/company/?next=%2Fadmin%2Fcore%2Fteam%2F"
    assert picked["Location"] == "/admin/core/team/"
    assert "Bitter team" in listed
    assert "Amber team" not in listed


def test_operator_is_not_led_to_other_sites(operator: User, tenant: Tenant) -> None:
    picked = logged_in(operator).post(
        "/admin/company/", {"tenant": str(tenant.pk), "next": "//elsewhere.example/"}
    )

    assert picked["Location"] == "/admin/"


def test_admin_cannot_pick_another_company(admin_pages: Client, other_tenant: Tenant) -> None:
    answer = admin_pages.post("/admin/company/", {"tenant": str(other_tenant.pk)})

    assert answer.status_code == 403
    assert "Bitter" not in admin_pages.get("/admin/").content.decode()
