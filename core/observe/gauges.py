"""Numbers about tenants' rows: taken by a job, tenant by tenant in scope, shown to all scrapes.

Row-level security binds the metrics page too, so it reads no tenant's rows: a job adds up over all
tenants every minute and leaves the result in Redis. No series names a tenant.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import tenancy
from core.models import Tenant
from core.observe.counts import client

_KEY = "taproom:gauges"

# Label values and what was found for them, in the tenant in scope at a moment.
Reading = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number, or one for each set of label values; tenants are joined by `sum` or `max`."""

    name: str
    words: str
    labels: tuple[str, ...]
    read: Callable[[datetime], Reading]
    join: Callable[[Iterable[float]], float]


_gauges: dict[str, Gauge] = {}


def register(
    name: str,
    words: str,
    read: Callable[[datetime], Reading],
    *,
    labels: tuple[str, ...] = (),
    join: Callable[[Iterable[float]], float] = sum,
) -> None:
    """Make a gauge known as `taproom_<name>`; call it in the app's `ready()`.

    `read(now)` runs in the scope of one tenant and yields (label values, number).
    """
    _gauges[name] = Gauge(name, words, labels, read, join)


def known() -> tuple[Gauge, ...]:
    """Return all gauges."""
    return tuple(_gauges.values())


def measure(*, now: datetime) -> None:
    """Read all gauges in all active tenants and leave the result in Redis. Repeating is safe."""
    found: dict[str, dict[tuple[str, ...], list[float]]] = {name: {} for name in _gauges}
    for tenant_id in Tenant.objects.filter(is_active=True).values_list("pk", flat=True):
        with tenancy.scope(tenant_id):
            for gauge in known():
                for labels, value in gauge.read(now):
                    found[gauge.name].setdefault(labels, []).append(value)
    joined = {
        name: [[labels, _gauges[name].join(values)] for labels, values in by_label.items()]
        for name, by_label in found.items()
    }
    client().set(_KEY, json.dumps({"at": now.timestamp(), "gauges": joined}))


def last() -> tuple[float | None, dict[str, Any]]:
    """Return when the gauges were read (seconds since 1970) and what was found, by name."""
    raw = client().get(_KEY)
    if not raw:
        return None, {}
    data = json.loads(str(raw))
    return data["at"], data["gauges"]
