"""Whatever goes wrong under /api/ is told as application/problem+json."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from pytest_django import Settings

from core import tenancy
from core.models import Team, Tenant, User
from tests.core.api.conftest import bearer, key_for


def test_problem_names_its_parts(api: Client) -> None:
    response = api.get("/api/teams/?limit=0", headers={"X-Request-ID": "req-1234567890"})

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:taproom:problem:invalid_input",
        "title": "Invalid input",
        "status": 400,
        "detail": "Give a whole number from 1 to 100.",
        "instance": "/api/teams/",
        "code": "invalid_input",
        "errors": [
            {
                "parameter": "limit",
                "detail": "Give a whole number from 1 to 100.",
                "code": "bad_limit",
            }
        ],
        "request_id": "req-1234567890",
    }


def test_named_error_becomes_the_status_its_view_gives_it(api: Client) -> None:
    body = {"name": "Front"}
    api.post("/api/teams/", body, content_type="application/json")

    response = api.post("/api/teams/", body, content_type="application/json")

    assert response.status_code == 409
    assert (response.json()["code"], response.json()["detail"]) == ("team_taken", "Front exists.")


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "patch", "options"])
@pytest.mark.parametrize("path", ["/api/nowhere/", "/api/nowhere", "/api/", "/api"])
@pytest.mark.parametrize("debug", [True, False])
def test_unknown_path_is_a_problem(
    stranger: Client, settings: Settings, method: str, path: str, debug: bool
) -> None:
    settings.DEBUG = debug

    response = getattr(stranger, method)(path)

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["code"] == "not_found"


def test_other_method_says_which_are_allowed(api: Client) -> None:
    response = api.delete("/api/teams/")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, POST, HEAD"


def test_other_media_types_are_refused(api: Client) -> None:
    sent = api.post("/api/teams/", "name=x", content_type="application/x-www-form-urlencoded")
    wanted = api.get("/api/teams/", headers={"Accept": "text/html"})
    charset = api.post("/api/teams/", "{}", content_type="application/json; charset=utf-16")

    assert [r.status_code for r in (sent, wanted, charset)] == [415, 406, 415]
    assert {r["Content-Type"] for r in (sent, wanted, charset)} == {"application/problem+json"}


@pytest.mark.parametrize("how", ["crash", "conflict", "swallowed", "rendering"])
@pytest.mark.parametrize("debug", [True, False])
def test_failure_leaks_nothing_and_keeps_nothing(
    api: Client, tenant: Tenant, settings: Settings, how: str, debug: bool
) -> None:
    settings.DEBUG = debug

    response = api.post(f"/api/broken/{how}/")

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert b"inside" not in response.content
    assert response.json()["request_id"] == response["X-Request-ID"]
    with tenancy.scope(tenant.pk):
        assert Team.objects.count() == 0


def test_returned_refusal_keeps_nothing(api: Client, tenant: Tenant) -> None:
    response = api.post("/api/broken/returned/")

    assert (response.status_code, response.json()) == (409, {"refused": True})
    with tenancy.scope(tenant.pk):
        assert Team.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [True, False])
def test_failure_outside_rest_framework_is_a_problem_too(
    stranger: Client, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug

    response = stranger.get("/api/plain-break/")

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert b"inside" not in response.content


@pytest.mark.django_db
def test_page_that_breaks_stays_a_page(stranger: Client) -> None:
    response = stranger.get("/page/")

    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.django_db
def test_refused_host_is_a_problem_under_api(stranger: Client) -> None:
    response = stranger.get("/api/teams/", headers={"Host": "evil.example"})

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")


def test_foreign_row_is_not_found(api: Client, other_tenant: Tenant) -> None:
    with tenancy.scope(other_tenant.pk):
        team = Team.objects.create(tenant=other_tenant, name="Theirs")

    response = api.get(f"/api/teams/{team.pk}/")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_role_without_scope_is_told_which_is_missing(counselor: User) -> None:
    client = bearer(counselor)

    response = client.post("/api/teams/", {"name": "A"}, content_type="application/json")

    assert response.status_code == 403
    assert response.json()["code"] == "scope_missing"
    assert "teams:write" in response.json()["detail"]


def test_key_without_scope_is_refused(tenant: Tenant, stranger: Client) -> None:
    secret = key_for(tenant, "teams:read").secret
    headers = {"Authorization": f"Api-Key {secret}"}

    read = stranger.get("/api/teams/", headers=headers)
    write = stranger.post(
        "/api/teams/", {"name": "A"}, content_type="application/json", headers=headers
    )

    assert (read.status_code, write.status_code) == (200, 403)


def test_missing_credentials_are_answered_with_both_challenges(
    stranger: Client, tenant: Tenant
) -> None:
    response = stranger.get("/api/teams/")

    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="taproom", Api-Key realm="taproom"'


def test_validation_errors_point_at_each_place(api: Client) -> None:
    response = api.post(
        "/api/teams/", json.dumps({"nam/e~ \u00e9": 1, "name": 5}), content_type="application/json"
    )

    assert response.status_code == 400
    assert response.json()["detail"] == "2 mistakes; `errors` lists each of them."
    assert [(e["pointer"], e["code"]) for e in response.json()["errors"]] == [
        ("#/nam~1e~0%20%C3%A9", "unknown_field"),
        ("#/name", "wrong_type"),
    ]


def test_unknown_parameters_are_named(api: Client) -> None:
    response = api.get("/api/teams/?nmae=x&name=y&page=2")

    assert response.status_code == 400
    assert [e["parameter"] for e in response.json()["errors"]] == ["nmae", "page"]


def test_bad_filter_names_its_parameter(api: Client) -> None:
    response = api.get("/api/teams/?made_after=yesterday")

    assert response.status_code == 400
    assert [e["parameter"] for e in response.json()["errors"]] == ["made"]


def test_rendering_happens_inside_the_scope(api: Client, tenant: Tenant) -> None:
    with tenancy.scope(tenant.pk):
        Team.objects.create(tenant=tenant, name="Bar")

    response = api.get("/api/teams/lazy/")

    assert response.json() == {"names": ["Bar"]}


def test_final_slash_is_optional(api: Client) -> None:
    posts = [
        api.post(path, {"name": path}, content_type="application/json").status_code
        for path in ("/api/teams/", "/api/teams")
    ]

    assert posts == [201, 201]
