"""A POST repeated with its key is answered again, not done again."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.utils import timezone

from core import tenancy
from core.api import idempotency
from core.api.idempotency import LEASE, delete_old
from core.models import StoredAnswer, Team, Tenant, User
from tests.core.api.conftest import bearer, key_for


def post(api: Client, name: str, key: str | None, path: str = "/api/teams/") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post(path, {"name": name}, content_type="application/json", headers=headers)


def names(tenant: Tenant) -> list[str]:
    with tenancy.scope(tenant.pk):
        return list(Team.objects.order_by("name").values_list("name", flat=True))


def stored(tenant: Tenant) -> list[StoredAnswer]:
    with tenancy.scope(tenant.pk):
        return list(StoredAnswer.objects.all())


def test_repetition_gets_the_first_answer(api: Client, tenant: Tenant) -> None:
    first = post(api, "Bar", "k-1")

    second = post(api, "Bar", "k-1")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert first["Location"] == second["Location"]
    assert second["Content-Type"] == "application/json"
    assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
    assert names(tenant) == ["Bar"]


def test_without_a_key_nothing_is_stored(api: Client, tenant: Tenant) -> None:
    assert post(api, "Bar", None).status_code == 201
    assert stored(tenant) == []


def test_same_key_with_another_body_or_path_is_422(api: Client, tenant: Tenant) -> None:
    post(api, "Bar", "k-1")

    body = post(api, "Inn", "k-1")
    path = post(api, "Bar", "k-1", "/api/broken/returned/")

    assert (body.status_code, body.json()["code"]) == (422, "key_used_otherwise")
    assert path.status_code == 422
    assert names(tenant) == ["Bar"]


def test_keys_of_different_callers_do_not_meet(
    api: Client, tenant: Tenant, other_admin: User
) -> None:
    program = Client(headers={"Authorization": f"Api-Key {key_for(tenant, 'teams:write').secret}"})

    answers = [
        post(client, name, "k")
        for name, client in [("Bar", api), ("Inn", program), ("Pub", bearer(other_admin))]
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]


def test_refused_request_frees_its_key(api: Client, tenant: Tenant) -> None:
    wrong = post(api, "x" * 81, "k-1")
    after = stored(tenant)

    mended = post(api, "Bar", "k-1")

    assert (wrong.status_code, after, mended.status_code) == (400, [], 201)


@pytest.mark.parametrize("how", ["crash", "conflict", "swallowed", "rendering", "returned"])
def test_broken_request_stores_nothing_and_frees_its_key(
    api: Client, tenant: Tenant, how: str
) -> None:
    first = post(api, "x", "k-1", f"/api/broken/{how}/").status_code
    second = post(api, "x", "k-1", f"/api/broken/{how}/").status_code

    assert first == second == (409 if how == "returned" else 500)
    assert (stored(tenant), names(tenant)) == ([], [])


def test_key_is_demanded_where_money_moves(api: Client) -> None:
    response = post(api, "x", None, "/api/slow/")

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {
            "header": "Idempotency-Key",
            "detail": "This endpoint moves money: send an Idempotency-Key, such as a new UUID.",
            "code": "key_missing",
        }
    ]


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a\tb", "caf\u00e9", "a\x00b", "a\x7f", " x"])
def test_malformed_key_is_400(api: Client, tenant: Tenant, key: str) -> None:
    response = post(api, "Bar", key)

    assert response.status_code == 400
    assert [e["header"] for e in response.json()["errors"]] == ["Idempotency-Key"]
    assert names(tenant) == []


def test_key_of_255_characters_works(api: Client) -> None:
    assert post(api, "Bar", "x" * 255).status_code == 201


@pytest.mark.parametrize("path", ["/api/slow/", "/api/steps/"])
def test_twenty_at_the_same_time_are_one(admin: User, tenant: Tenant, path: str) -> None:
    key = str(uuid.uuid4())

    def ask(_: int) -> tuple[int, str]:
        try:
            response = post(bearer(admin), "same", key, path)
            was = "replayed" if "Idempotent-Replayed" in response else "first"
            return response.status_code, response.json().get("code", was)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = Counter(pool.map(ask, range(20)))

    assert answers[(201, "first")] == 1
    assert set(answers) <= {(201, "first"), (201, "replayed"), (409, "request_in_progress")}
    assert len(names(tenant)) == 1


def left_behind(tenant: Tenant, admin: User, lease_ends_in: timedelta) -> None:
    with tenancy.scope(tenant.pk):
        StoredAnswer.objects.create(
            tenant=tenant,
            caller=f"user:{admin.pk}",
            key="k-1",
            request_hash="0" * 64,
            lease_until=timezone.now() + lease_ends_in,
        )


def test_running_request_answers_409_with_a_time_to_wait(
    api: Client, tenant: Tenant, admin: User
) -> None:
    left_behind(tenant, admin, LEASE)

    response = post(api, "Bar", "k-1")

    assert (response.status_code, response.json()["code"]) == (409, "request_in_progress")
    assert 1 <= int(response["Retry-After"]) <= 5
    assert names(tenant) == []


def test_claim_of_a_dead_process_can_be_taken_over(
    api: Client, tenant: Tenant, admin: User
) -> None:
    left_behind(tenant, admin, timedelta(seconds=-1))

    response = post(api, "Bar", "k-1")

    assert (response.status_code, names(tenant)) == (201, ["Bar"])
    assert [answer.status for answer in stored(tenant)] == [201]


def test_request_that_was_overtaken_is_undone(
    tenant: Tenant, admin: User, superuser_connection: psycopg.Connection
) -> None:
    def overtake() -> None:
        superuser_connection.execute(
            "UPDATE core_storedanswer SET lease_until = lease_until + interval '1 minute'"
        )

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(lambda: post(bearer(admin), "x", "k-1", "/api/slow/"))
        while not asked.done():
            overtake()
        response = asked.result()
        pool.submit(connections.close_all).result()

    assert (response.status_code, response.json()["code"]) == (409, "request_overtaken")
    assert names(tenant) == []


def test_view_with_its_own_transactions_is_repeatable_too(api: Client, tenant: Tenant) -> None:
    first = post(api, "x", "k-1", "/api/steps/")
    second = post(api, "x", "k-1", "/api/steps/")

    assert first.json()["outside"] is True
    assert (first.content, second["Idempotent-Replayed"]) == (second.content, "true")
    assert len(names(tenant)) == 1


def test_answer_is_encrypted_at_rest(api: Client, superuser_connection: psycopg.Connection) -> None:
    post(api, "Secret Bar", "k-1")

    [(body,)] = superuser_connection.execute("SELECT body FROM core_storedanswer").fetchall()

    assert body.startswith("gAAAA")


def test_answers_go_after_24_hours(api: Client, tenant: Tenant) -> None:
    post(api, "Bar", "k-1")

    with tenancy.scope(tenant.pk):
        early = delete_old(now=timezone.now() + idempotency.KEPT_FOR - timedelta(minutes=1))
        late = delete_old(now=timezone.now() + idempotency.KEPT_FOR + timedelta(minutes=1))

    assert (early, late) == (0, 1)


def test_replay_needs_the_scope_still(tenant: Tenant, admin: User) -> None:
    post(bearer(admin), "Bar", "k-1")
    User.objects.filter(pk=admin.pk).update(role="counselor")
    admin.refresh_from_db()

    assert post(bearer(admin), "Bar", "k-1").status_code == 403


def test_lease_follows_the_clock_of_the_request(api: Client, tenant: Tenant, admin: User) -> None:
    left_behind(tenant, admin, LEASE)

    with time_machine.travel(timezone.now() + LEASE + timedelta(seconds=1)):
        response = post(bearer(admin), "Bar", "k-1")

    assert response.status_code == 201
