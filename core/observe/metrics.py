"""/metrics in Prometheus' text format, put together from what all processes left in Redis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import Error as DatabaseError
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from core.observe import counts, gauges, heartbeat, pending_migrations


def text(*, now: datetime) -> bytes:
    """Return all metrics; without Redis `taproom_redis_up` is 0 and what it keeps is missing."""
    registry = CollectorRegistry()
    registry.register(_Everything(now))
    return generate_latest(registry)


class _Everything(Collector):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from _of_the_database()
        try:
            found = [*_durations(), *_queues(), *_beat(self._now), *_tenants_gauges(self._now)]
        except (RedisError, OSError):
            yield _gauge("redis_up", "Whether Redis answers.", 0)
            return
        yield _gauge("redis_up", "Whether Redis answers.", 1)
        yield from found


def _durations() -> Iterator[Metric]:
    labels = {"requests": ("method", "route", "status"), "tasks": ("task", "outcome")}
    words = {
        "requests": "HTTP requests by route: how many, and how long they took.",
        "tasks": "Celery tasks: how many, and how long they took.",
    }
    for name, label_names in labels.items():
        family = HistogramMetricFamily(
            f"taproom_{name}_seconds", words[name], labels=list(label_names)
        )
        for values, found in sorted(counts.read(name).items()):
            family.add_metric(list(values), _cumulated(found), found.get("sum", 0.0))
        yield family


def _cumulated(found: dict[str, float]) -> list[tuple[str, float]]:
    """Return Prometheus' buckets, of which each includes the smaller ones."""
    total, buckets = 0.0, []
    for bound in (*map(str, counts.BUCKETS), "+Inf"):
        total += found.get(bound, 0.0)
        buckets.append((bound, total))
    return buckets


def _queues() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "taproom_queue_length", "Tasks that wait for a worker.", labels=["queue"]
    )
    for queue in settings.QUEUE_NAMES:
        family.add_metric([queue], int(counts.client().llen(queue)))
    yield family


def _beat(now: datetime) -> Iterator[Metric]:
    seconds = heartbeat.age(now=now)
    if seconds is not None:
        yield _gauge("beat_age_seconds", "Since a worker last ran what beat sent.", seconds)


def _tenants_gauges(now: datetime) -> Iterator[Metric]:
    at, found = gauges.last()
    if at is None:
        return
    age = max(0.0, now.timestamp() - at)
    yield _gauge("gauges_age_seconds", "Since the numbers about rows were taken.", age)
    for gauge in gauges.known():
        family = GaugeMetricFamily(f"taproom_{gauge.name}", gauge.words, labels=list(gauge.labels))
        for labels, value in found.get(gauge.name, []):
            family.add_metric(list(labels), value)
        yield family


def _of_the_database() -> Iterator[Metric]:
    try:
        waiting = pending_migrations.count()
    except DatabaseError:
        yield _gauge("database_up", "Whether the database answers.", 0)
        return
    yield _gauge("database_up", "Whether the database answers.", 1)
    yield _gauge("migrations_pending", "Migrations that wait to be applied.", waiting)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"taproom_{name}", words, value=value)
