"""/metrics: shared by all processes, shown to few."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import shared_task
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from core.observe import gauges
from core.observe.counts import bucket_of, client, count, send
from tests.servers import ROOT


@pytest.fixture(autouse=True)
def _clean(db: None) -> Iterator[None]:
    send()  # what the test before has counted
    client().flushdb()
    yield
    client().flushdb()


class Samples(dict[tuple[str, frozenset[str]], float]):
    """Values by name and label values, in whatever order the labels stand."""

    def __getitem__(self, key: tuple[str, ...]) -> float:
        return super().__getitem__((key[0], frozenset(key[1:])))


def samples() -> Samples:
    text = Client().get("/metrics").content.decode()
    return Samples(
        {
            (sample.name, frozenset(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


@pytest.mark.parametrize(
    ("seconds", "bound"),
    [(0.0, "0.005"), (0.005, "0.005"), (0.3, "0.5"), (30.0, "30.0"), (31, "+Inf")],
)
def test_duration_falls_into_its_bucket(seconds: float, bound: str) -> None:
    assert bucket_of(seconds) == bound


def test_requests_are_counted_by_route_and_status() -> None:
    for _ in range(3):
        Client().get("/api/token/")
    Client().get("/nowhere")
    Client().generic("BREW", "/nowhere")

    found = samples()

    assert found["taproom_requests_seconds_count", "GET", "api-token", "405"] == 3
    assert found["taproom_requests_seconds_bucket", "GET", "api-token", "405", "+Inf"] == 3
    assert found["taproom_requests_seconds_sum", "GET", "api-token", "405"] > 0
    assert found["taproom_requests_seconds_count", "GET", "none", "404"] == 1
    assert found["taproom_requests_seconds_count", "OTHER", "none", "404"] == 1


def test_buckets_include_the_smaller_ones() -> None:
    for seconds in (0.001, 0.02, 7.0, 99.0):
        count("tasks", ("x", "success"), seconds)

    found = samples()
    series = [
        found["taproom_tasks_seconds_bucket", "x", "success", bound]
        for bound in ("0.005", "0.025", "5.0", "10.0", "+Inf")
    ]

    assert series == [1, 2, 2, 3, 4]
    assert found["taproom_tasks_seconds_sum", "x", "success"] == pytest.approx(106.021)


COUNT = """
import django
django.setup()
from core.observe.counts import count
count("tasks", ("x", "success"), 0.1)
"""


def test_counts_of_another_process_are_added() -> None:
    count("tasks", ("x", "success"), 0.1)
    subprocess.run(
        [
            sys.executable,
            "-c",
            COUNT,
        ],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        check=True,
        timeout=60,
    )

    assert samples()["taproom_tasks_seconds_count", "x", "success"] == 2


def test_counts_are_sent_although_nobody_comes_after() -> None:
    count("tasks", ("x", "success"), 0.1)
    at_once = client().hgetall("taproom:metrics:tasks")

    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not client().exists("taproom:metrics:tasks"):
        time.sleep(0.05)

    assert at_once == {}
    assert client().hgetall("taproom:metrics:tasks") == {
        "x|success|0.1": "1",
        "x|success|sum": "0.1",
    }


FORK = """
import os
import django
django.setup()
from core.observe.counts import count
count("tasks", ("x", "parent"), 0.1)
pid = os.fork()
count("tasks", ("x", "child" if pid == 0 else "parent"), 0.1)
if pid:
    os.waitpid(pid, 0)
"""


def test_forked_process_sends_its_own_counts_only() -> None:
    subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        check=True,
        timeout=60,
    )

    found = samples()

    assert found["taproom_tasks_seconds_count", "x", "parent"] == 2
    assert found["taproom_tasks_seconds_count", "x", "child"] == 1


@shared_task(name="test.works")
def works() -> None:
    """Do nothing."""


@shared_task(name="test.breaks")
def breaks() -> None:
    """Fail."""
    raise ValueError("no")


def test_tasks_are_counted_by_outcome() -> None:
    works.apply(headers={"taproom_tenant": "00000000-0000-4000-8000-000000000000"})
    breaks.apply(headers={"taproom_tenant": "00000000-0000-4000-8000-000000000000"})

    found = samples()

    assert found["taproom_tasks_seconds_count", "test.works", "success"] == 1
    assert found["taproom_tasks_seconds_count", "test.breaks", "failure"] == 1


def test_queues_are_measured() -> None:
    client().rpush("stripe", "a", "b")

    found = samples()

    lengths = {name: found["taproom_queue_length", name] for name in django_settings.QUEUE_NAMES}
    assert lengths == {"default": 0, "stripe": 2, "webhooks": 0, "mirror": 0, "shop": 0, "billing": 0}


def test_gauges_are_shown_with_their_age() -> None:
    gauges.register("test_moons", "Moons.", lambda now: [(("io",), 1.0)], labels=("name",))
    from core.models import Tenant

    Tenant.objects.create(name="A", slug="a")
    gauges.measure(now=timezone.now())

    found = samples()

    assert found["taproom_test_moons", "io"] == 1
    assert found[("taproom_gauges_age_seconds",)] < 60
    assert found[("taproom_migrations_pending",)] == 0
    assert (found[("taproom_redis_up",)], found[("taproom_database_up",)]) == (1, 1)


@pytest.mark.parametrize(
    ("token", "extra", "status"),
    [
        ("", {}, 200),
        ("", {"REMOTE_ADDR": "::1"}, 200),
        ("", {"REMOTE_ADDR": "10.0.0.9"}, 403),
        ("", {"REMOTE_ADDR": ""}, 403),
        ("", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
        ("hush", {}, 403),
        ("hush", {"HTTP_AUTHORIZATION": "Bearer wrong"}, 403),
        ("hush", {"HTTP_AUTHORIZATION": "Bearer "}, 403),
        ("hush", {"HTTP_AUTHORIZATION": "Bearer caf\u00e9"}, 403),
        ("hush", {"HTTP_AUTHORIZATION": "Bearer hush", "REMOTE_ADDR": "10.0.0.9"}, 200),
        ("hush", {"HTTP_AUTHORIZATION": "bearer  hush"}, 200),
    ],
)
def test_metrics_are_shown_to_the_token_or_to_this_machine(
    settings: Any, token: str, extra: dict[str, str], status: int
) -> None:
    settings.METRICS_TOKEN = token

    assert Client().get("/metrics", **extra).status_code == status


def test_forwarded_address_counts_behind_a_known_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1

    statuses = [
        Client().get("/metrics", HTTP_X_FORWARDED_FOR=address).status_code
        for address in ("8.8.8.8", "127.0.0.1, 8.8.8.8", "127.0.0.1")
    ]

    assert statuses == [403, 403, 200]
