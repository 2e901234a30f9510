"""/healthz and /readyz tell the truth, quickly, whatever is down."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from core.models import Tenant
from core.observe import gauges, heartbeat
from core.observe.counts import client
from core.tasks import beat
from tests.servers import ROOT, free_port

ASK = """
import json, sys, time, django
django.setup()
from django.test import Client
Client().get("/healthz")
answers = {}
for path in ("/healthz", "/readyz", "/metrics"):
    start = time.monotonic()
    response = Client().get(path)
    text = response.content.decode()
    answers[path] = [response.status_code, time.monotonic() - start, text]
print(json.dumps(answers))
"""


@pytest.fixture(autouse=True)
def _no_beat() -> Iterator[None]:
    client().flushdb()
    yield
    client().flushdb()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]


def ask_a_process_with(**environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.django_db
def test_ready_when_all_parts_are() -> None:
    heartbeat.beat(now=timezone.now())

    response = Client().get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "parts": {
            "database": {"ok": True, "detail": "answers"},
            "redis": {"ok": True, "detail": "answers"},
            "migrations": {"ok": True, "detail": "all applied"},
            "beat": {"ok": True, "detail": "0 s ago"},
        },
    }
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (89, {"ok": True, "detail": "89 s ago"}),
        (91, {"ok": False, "detail": "91 s ago; are beat and a worker running?"}),
        (None, {"ok": False, "detail": "never came; are beat and a worker running?"}),
    ],
)
def test_old_beat_is_not_ready(seconds: int | None, expected: dict[str, Any]) -> None:
    if seconds is not None:
        heartbeat.beat(now=timezone.now() - timedelta(seconds=seconds))

    response = Client().get("/readyz")

    assert response.json()["parts"]["beat"] == expected
    assert response.status_code == (200 if expected["ok"] else 503)


@pytest.mark.django_db
def test_waiting_migration_is_not_ready(superuser_connection: psycopg.Connection) -> None:
    # Another process: one that has seen all of them applied does not look again.
    query = "FROM django_migrations WHERE app = 'core' AND name = '0001_initial'"
    [(app, name, applied)] = superuser_connection.execute(f"SELECT app, name, applied {query}")
    superuser_connection.execute(f"DELETE {query}")
    try:
        answers = ask_a_process_with()
    finally:
        superuser_connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)",
            [app, name, applied],
        )

    status, _, text = answers["/readyz"]
    assert status == 503
    assert json.loads(text)["parts"]["migrations"] == {
        "ok": False,
        "detail": "1 not applied; run manage.py migrate",
    }
    assert "taproom_migrations_pending 1.0" in answers["/metrics"][2]


@pytest.mark.parametrize(
    ("environment", "broken", "whole"),
    [
        (
            {"DATABASE_URL": "postgresql://taproom_app:hush@127.0.0.1:{port}/nowhere"},
            {"database", "migrations"},
            {"redis", "beat"},
        ),
        (
            {"REDIS_URL": "redis://:hush@127.0.0.1:{port}/0"},
            {"redis", "beat"},
            {"database", "migrations"},
        ),
        (
            {"DATABASE_URL": "postgresql://taproom_app:hush@127.0.0.1:{silent}/nowhere"},
            {"database", "migrations"},
            {"redis", "beat"},
        ),
        (
            {"REDIS_URL": "redis://:hush@127.0.0.1:{silent}/0"},
            {"redis", "beat"},
            {"database", "migrations"},
        ),
    ],
)
def test_part_that_is_down_is_named_within_two_seconds(
    environment: dict[str, str], broken: set[str], whole: set[str], silent_port: int
) -> None:
    heartbeat.beat(now=timezone.now())
    ports = {"port": free_port(), "silent": silent_port}

    answers = ask_a_process_with(
        **{name: value.format(**ports) for name, value in environment.items()}
    )

    status, seconds, text = answers["/readyz"]
    parts = json.loads(text)["parts"]
    assert (status, json.loads(text)["ready"]) == (503, False)
    assert {name for name, part in parts.items() if not part["ok"]} >= broken
    assert {name for name, part in parts.items() if part["ok"]} <= whole
    assert seconds < 2
    assert "hush" not in text
    assert "127.0.0.1" not in text
    assert answers["/healthz"][0] == 200
    assert answers["/healthz"][1] < 0.5
    assert answers["/metrics"][0] == 200


def test_health_asks_nobody(django_assert_num_queries: Any, db: None) -> None:
    with django_assert_num_queries(0):
        response = Client().get("/healthz")

    assert (response.status_code, response.json()) == (200, {"alive": True})


@pytest.mark.django_db
def test_task_writes_the_beat() -> None:
    beat.apply()

    age = heartbeat.age(now=timezone.now())

    assert age is not None
    assert age < 5


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_only_read(path: str, db: None) -> None:
    assert Client().post(path).status_code == 405


def test_gauges_are_read_in_each_active_tenants_scope(tenant: Tenant, other_tenant: Tenant) -> None:
    Tenant.objects.create(name="Gone", slug="gone", is_active=False)
    gauges.register("test_tenants", "Tenants seen.", lambda now: [((), 1.0)])
    gauges.register(
        "test_slugs",
        "The longest.",
        lambda now: [(("x",), 3.0), (("y",), 4.0)],
        labels=("letter",),
        join=max,
    )
    now = timezone.now()

    gauges.measure(now=now)

    at, found = gauges.last()
    assert at == pytest.approx(now.timestamp())
    assert found["test_tenants"] == [[[], 2.0]]
    assert sorted(found["test_slugs"]) == [[["x"], 3.0], [["y"], 4.0]]
