"""Who gets in, and that everybody else learns nothing."""

from __future__ import annotations

import base64
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken

from core import tenancy
from core.models import ApiKey, Team, Tenant, User
from core.operations.api_keys import revoke_api_key
from core.operations.tokens import claims_of, issue_tokens
from tests.core.api.conftest import bearer, key_for

TOKEN = "/api/token/"
KEY = django_settings.SIMPLE_JWT["SIGNING_KEY"]


def log_in(client: Client, **body: Any) -> Any:
    return client.post(TOKEN, body, content_type="application/json")


def status_with(header: str, path: str = "/api/teams/") -> int:
    return Client().get(path, headers={"Authorization": header}).status_code


def signed(user: User, **claims: Any) -> str:
    token = AccessToken()
    for name, value in {**claims_of(user), **claims}.items():
        token[name] = value
    return str(token)


@pytest.mark.parametrize("name", ["username", "email"])
@pytest.mark.parametrize("path", ["/api/token/", "/api/token"])
def test_login_gives_a_pair_that_works(stranger: Client, admin: User, name: str, path: str) -> None:
    body = {name: "ADMIN@amber.example", "password": "correct horse"}

    response = stranger.post(path, body, content_type="application/json")

    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert status_with(f"Bearer {response.json()['access']}") == 200
    assert response["Cache-Control"] == "no-store"


def test_access_token_says_user_role_and_tenant_and_lives_15_minutes(admin: User) -> None:
    token = issue_tokens(user=admin).access

    claims = jwt.decode(token, KEY, algorithms=["HS256"])

    assert (claims["user_id"], claims["role"], claims["tenant_id"]) == (
        str(admin.pk),
        "admin",
        str(admin.tenant_id),
    )
    assert claims["exp"] - claims["iat"] == 15 * 60


@pytest.mark.parametrize(
    "body",
    [
        {"username": "admin@amber.example", "password": "wrong"},
        {"username": "nobody@amber.example", "password": "correct horse"},
    ],
)
def test_wrong_login_is_one_and_the_same_401(
    stranger: Client, admin: User, body: dict[str, str]
) -> None:
    response = log_in(stranger, **body)

    assert (response.status_code, response.json()["code"]) == (401, "credentials_refused")
    assert "WWW-Authenticate" in response


def test_login_names_what_is_missing(stranger: Client, db: None) -> None:
    none = log_in(stranger, password="x")
    both = log_in(stranger, username="a", email="b", password="x")
    loose = log_in(stranger, username=1, password=True)

    assert [e["pointer"] for e in none.json()["errors"]] == ["#/username"]
    assert both.status_code == 400
    assert [e["pointer"] for e in loose.json()["errors"]] == ["#/username", "#/password"]


def test_inactive_people_and_tenants_get_no_token(
    stranger: Client, admin: User, tenant: Tenant
) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    without_tenant = log_in(stranger, username=admin.email, password="correct horse")
    Tenant.objects.filter(pk=tenant.pk).update(is_active=True)
    User.objects.filter(pk=admin.pk).update(is_active=False)

    inactive = log_in(stranger, username=admin.email, password="correct horse")

    assert (without_tenant.status_code, inactive.status_code) == (401, 401)


def test_six_wrong_passwords_lock_out_even_the_right_one(stranger: Client, admin: User) -> None:
    wrong = [
        log_in(stranger, username=name, password="wrong").status_code
        for name in ["admin@amber.example", "Admin@Amber.Example"] * 3
    ]

    right = log_in(stranger, username=admin.email, password="correct horse")

    assert wrong == [401, 401, 401, 401, 401, 429]
    assert (right.status_code, right.json()["code"]) == (429, "too_many_requests")
    assert right["Retry-After"] == "900"
    assert right["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"role": "counselor"},
        {"password": "pbkdf2_sha256$1$x$y"},
    ],
)
def test_token_ends_at_once_when_its_owner_changes(admin: User, change: dict[str, Any]) -> None:
    token = issue_tokens(user=admin).access
    before = status_with(f"Bearer {token}")

    User.objects.filter(pk=admin.pk).update(**change)

    assert (before, status_with(f"Bearer {token}")) == (200, 401)


def test_token_ends_when_the_tenant_is_switched_off_or_changed(
    admin: User, tenant: Tenant, other_tenant: Tenant
) -> None:
    token = issue_tokens(user=admin).access

    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)
    switched_off = status_with(f"Bearer {token}")
    Tenant.objects.filter(pk=tenant.pk).update(is_active=True)
    User.objects.filter(pk=admin.pk).update(tenant=other_tenant)
    moved = status_with(f"Bearer {token}")

    assert (switched_off, moved) == (401, 401)


def test_token_of_an_ended_quarter_hour_is_refused(admin: User) -> None:
    token = issue_tokens(user=admin).access

    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1)):
        later = status_with(f"Bearer {token}")

    assert later == 401


def test_claims_of_another_tenant_or_role_open_nothing(
    admin: User, counselor: User, other_tenant: Tenant
) -> None:
    tokens = [
        signed(admin, tenant_id=str(other_tenant.pk)),
        signed(counselor, role="admin"),
        signed(admin, tenant_id=None),
        signed(admin, user_id=str(uuid.uuid4())),
        signed(admin, user_id="' OR 1=1"),
        signed(admin, user_id=None),
        signed(admin, stamp=None),
    ]

    assert [status_with(f"Bearer {token}") for token in tokens] == [401] * 7


def test_forged_tokens_are_refused(admin: User) -> None:
    genuine = issue_tokens(user=admin)
    claims = jwt.decode(genuine.access, KEY, algorithms=["HS256"])
    head, body, signature = genuine.access.split(".")
    none_head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    forged = [
        f"{none_head}.{body}.",
        f"{none_head}.{body}.{signature}",
        f"{head}.{body}.{signature[:-2]}AA",
        f"{head}.{body}",
        jwt.encode(claims, "x" * 64, algorithm="HS256"),
        jwt.encode(claims, django_settings.SECRET_KEY, algorithm="HS256"),
        jwt.encode(claims, KEY, algorithm="HS512"),
        jwt.encode({k: v for k, v in claims.items() if k != "exp"}, KEY, algorithm="HS256"),
        genuine.refresh,
        "e30.e30.e30",
        "." * 500,
    ]

    assert [status_with(f"Bearer {token}") for token in forged] == [401] * len(forged)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Basic YTpi",
        "Api-Key",
        "Api-Key tap_",
        "Api-Key tap_00000000_" + "x" * 32,
        "Api-Key \x00",
        "Bearer \x00",
        "Bearer caf\u00e9",
        "Bearer " + "x" * 5000,
        "Token abc",
        "Bearer,Api-Key x",
        "\u00ff\u00fe",
        'Digest username="x"',
    ],
)
def test_garbage_in_the_header_is_401(header: str) -> None:
    assert status_with(header) == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_scheme_of_tokens_is_read_in_any_case(admin: User, scheme: str) -> None:
    assert status_with(f"{scheme}   {issue_tokens(user=admin).access} ") == 200


@pytest.mark.parametrize("scheme", ["Api-Key", "api-key", "API-KEY"])
def test_scheme_of_keys_is_read_in_any_case(tenant: Tenant, scheme: str) -> None:
    assert status_with(f"{scheme} {key_for(tenant, 'teams:read').secret}") == 200


def test_refresh_gives_a_new_pair_and_uses_the_old_up(stranger: Client, admin: User) -> None:
    old = issue_tokens(user=admin).refresh

    first = stranger.post("/api/token/refresh/", {"refresh": old}, "application/json")
    again = stranger.post("/api/token/refresh/", {"refresh": old}, "application/json")

    assert (first.status_code, again.status_code) == (200, 401)
    assert status_with(f"Bearer {first.json()['access']}") == 200


def test_refresh_is_used_up_once_by_twelve_at_the_same_time(admin: User) -> None:
    old = issue_tokens(user=admin).refresh

    def refresh(_: int) -> int:
        try:
            return (
                Client()
                .post("/api/token/refresh/", {"refresh": old}, "application/json")
                .status_code
            )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(refresh, range(12)))

    assert statuses == [200] + [401] * 11


def test_refresh_refuses_access_tokens_and_changed_owners(stranger: Client, admin: User) -> None:
    pair = issue_tokens(user=admin)
    access = stranger.post("/api/token/refresh/", {"refresh": pair.access}, "application/json")

    User.objects.filter(pk=admin.pk).update(is_active=False)
    gone = stranger.post("/api/token/refresh/", {"refresh": pair.refresh}, "application/json")

    assert (access.status_code, gone.status_code) == (401, 401)


def test_refresh_tokens_are_not_kept_in_the_database(admin: User) -> None:
    issue_tokens(user=admin)

    assert list(OutstandingToken.objects.values_list("token", flat=True)) == [""]


def test_operator_says_in_which_tenant_to_work(tenant: Tenant, other_tenant: Tenant) -> None:
    operator = User.objects.create_superuser("root@taproom.example", "correct horse")
    with tenancy.scope(tenant.pk):
        Team.objects.create(tenant=tenant, name="Bar")
    tokens = {"Authorization": f"Bearer {issue_tokens(user=operator).access}"}

    def ask(**headers: str) -> Any:
        return Client().get("/api/teams/", headers={**tokens, **headers})

    nowhere = ask()
    unknown = [ask(**{"Taproom-Tenant": text}).status_code for text in ("nobody", "a\0", "1")]
    by_slug = ask(**{"Taproom-Tenant": "amber"})
    by_id = ask(**{"Taproom-Tenant": str(other_tenant.pk)})

    assert (nowhere.status_code, nowhere.json()["code"]) == (403, "tenant_missing")
    assert unknown == [403, 403, 403]
    assert [team["name"] for team in by_slug.json()["items"]] == ["Bar"]
    assert by_id.json()["items"] == []


def test_others_cannot_pick_a_tenant(admin: User, tenant: Tenant, other_tenant: Tenant) -> None:
    key = key_for(tenant, "teams:read").secret
    own = bearer(admin, **{"Taproom-Tenant": "amber"}).get("/api/teams/")
    other = bearer(admin, **{"Taproom-Tenant": "bitter"}).get("/api/teams/")
    by_key = Client().get(
        "/api/teams/", headers={"Authorization": f"Api-Key {key}", "Taproom-Tenant": "bitter"}
    )

    assert (own.status_code, other.status_code, by_key.status_code) == (200, 403, 403)
    assert other.json()["code"] == "tenant_not_yours"


def test_unusable_keys_are_told_alike(tenant: Tenant) -> None:
    expired, revoked, fresh = (key_for(tenant, "teams:read") for _ in range(3))
    with tenancy.scope(tenant.pk):
        ApiKey.objects.filter(pk=expired.row.pk).update(expires_at=timezone.now())
        revoke_api_key(key=revoked.row, now=timezone.now())
    secrets = [expired.secret, revoked.secret, fresh.secret + "x", "tap_unknown_key"]

    answers = [
        Client().get("/api/teams/", headers={"Authorization": f"Api-Key {secret}"}).json()
        for secret in secrets
    ]
    Tenant.objects.filter(pk=tenant.pk).update(is_active=False)

    assert {json.dumps({**a, "request_id": ""}) for a in answers} == {
        json.dumps({**answers[0], "request_id": ""})
    }
    assert answers[0]["code"] == "credentials_refused"
    assert status_with(f"Api-Key {fresh.secret}") == 401


def test_use_of_a_key_is_noted_once_a_minute(tenant: Tenant) -> None:
    key = key_for(tenant, "teams:read")
    header = f"Api-Key {key.secret}"

    def last_used() -> Any:
        with tenancy.scope(tenant.pk):
            return ApiKey.objects.get(pk=key.row.pk).last_used_at

    status_with(header)
    first = last_used()
    status_with(header)
    second = last_used()
    with time_machine.travel(first + timedelta(seconds=61), tick=False):
        status_with(header)
        third = last_used()

    assert first == second
    assert third == first + timedelta(seconds=61)


def test_token_costs_one_query_and_the_scope_two(
    admin: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = bearer(admin)

    # the owner of the token; BEGIN; whose rows may be seen; the page; COMMIT
    with django_assert_num_queries(5):
        response = client.get("/api/teams/")

    assert response.status_code == 200


def test_strangers_are_limited_by_address_and_known_callers_are_not(
    admin: User, settings: Any
) -> None:
    settings.API_RATE_PER_ADDRESS = "3/m"
    client = bearer(admin)

    strangers = [status_with("Bearer x") for _ in range(5)]
    known = client.get("/api/teams/").status_code

    assert strangers == [401, 401, 401, 429, 429]
    assert known == 200


def test_callers_are_limited_each_for_themselves(
    admin: User, counselor: User, settings: Any
) -> None:
    settings.API_RATE_PER_CREDENTIAL = "2/m"
    client, other = bearer(admin), bearer(counselor)

    answers = [client.get("/api/teams/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[2]["Retry-After"]) <= 60
    assert answers[0]["RateLimit"].startswith('"default";r=1;t=')
    assert other.get("/api/teams/").status_code == 200
