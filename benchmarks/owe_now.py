"""`python -m benchmarks.owe_now`: what is owed now, asked over HTTP with much usage stored.

Beside it, in the same server, a view that does one indexed read in the same scope. Buckets stand
for the events that made them: what is owed never looks at an event, but for meters of different
values, of which there are none here.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import sys
import time
from pathlib import Path
from uuid import UUID

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.stage import HOST, Stage, stage

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark-owe-now"
GATE = 3.0
_BUCKETS = """
INSERT INTO billing_usagebucket
    (tenant_id, organization_id, day, meter_id, dimensions, quantity, events, last_at)
SELECT o.tenant_id, o.id, current_date - d, m.id, jsonb_build_object('app', 'app-' || a),
    100 + d * 7 + a, %(events)s, now() - d * interval '1 day'
FROM billing_organization o
CROSS JOIN billing_meter m CROSS JOIN generate_series(0, %(days)s - 1) d
CROSS JOIN generate_series(1, %(apps)s) a
"""


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("benchmarks.owe_now", description=__doc__)
    parser.add_argument("--organizations", type=int, default=500)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--apps", type=int, default=2)
    parser.add_argument("--meters", type=int, default=4)
    parser.add_argument("--events", type=int, default=25, help="events in each bucket (25)")
    parser.add_argument("--requests", type=int, default=600, help="of each, in turns (600)")
    return parser.parse_args(words)


def make_rows(on: Stage, options: argparse.Namespace) -> tuple[str, list[str]]:
    """Make a company with organizations on one plan and their buckets; return key and ids."""
    from core.models import Tenant
    from core.operations.api_keys import make_api_key
    from core.tenancy import scope

    tenant = Tenant.objects.create(name="Bench", slug="bench")
    with scope(tenant.pk):
        key = make_api_key(name="Bench", scopes=["billing:read"], by=None).secret
        ids = _organizations(tenant.pk, options)
    with psycopg.connect(on.superuser_url, autocommit=True) as connection:
        connection.execute(
            _BUCKETS,
            {"days": options.days, "apps": options.apps, "events": options.events},
        )
        connection.execute("VACUUM ANALYZE")
    return key, ids


def _organizations(tenant_id: UUID, options: argparse.Namespace) -> list[str]:
    from datetime import date, timedelta

    from billing.models import (
        Assignment,
        Meter,
        Organization,
        Plan,
        PlanVersion,
        Price,
        PriceTier,
    )

    starts = date.today() - timedelta(days=options.days)  # noqa: DTZ011 - the server's own day
    common = {"tenant_id": tenant_id}
    plan = Plan.objects.create(code="plan", name="Plan", currency="USD", **common)
    version = PlanVersion.objects.create(plan=plan, number=1, **common)
    for number in range(options.meters):
        meter = Meter.objects.create(
            code=f"m{number}", name=f"Meter {number}", aggregation="sum", dimensions=["app"],
            product="Compute", **common,
        )  # fmt: skip
        price = Price.objects.create(
            version=version,
            meter=meter,
            model="graduated",
            included=100,
            starts_on=starts,
            **common,
        )
        for place, (above, up_to) in enumerate(((0, 5000), (5000, None))):
            PriceTier.objects.create(
                price=price, position=place, above=above, up_to=up_to, rate="0.25", **common
            )
    Organization.objects.bulk_create(
        Organization(
            code=f"o{number}", name=f"Organization {number}", currency="USD", time_zone="UTC",
            billing_starts_on=date.today().replace(day=1), **common,  # noqa: DTZ011
        )
        for number in range(options.organizations)
    )  # fmt: skip
    made = list(Organization.objects.all())
    Assignment.objects.bulk_create(
        Assignment(organization=one, version=version, starts_on=starts, **common) for one in made
    )
    return [str(one.pk) for one in made]


def timed(port: int, key: str, paths: list[str]) -> list[float]:
    """Ask for each path on one kept-alive connection; return milliseconds."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    took = []
    for path in paths:
        started = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Api-Key {key}"})
        answer = connection.getresponse()
        answer.read()
        took.append(1000 * (time.perf_counter() - started))
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
    return took


def measure(on: Stage, key: str, ids: list[str], count: int) -> dict[str, list[float]]:
    """Ask both in turns, so that what else the machine does falls on both alike."""
    targets = {
        "owe now": [f"/api/organizations/{one}/upcoming-invoice/" for one in ids],
        "one indexed read": [f"/bench/read-organization/{one}/" for one in ids],
    }
    found: dict[str, list[float]] = {name: [] for name in targets}
    for paths in targets.values():
        timed(on.real.port, key, paths[:40])
    for start in range(0, count, 20):
        for name, paths in targets.items():
            asked = [paths[(start + place) % len(paths)] for place in range(20)]
            found[name] += timed(on.real.port, key, asked)
    return found


def show(console: Console, found: dict[str, list[float]], rows: int, events: int) -> None:
    """Tell the figures and whether the gate holds."""
    table = Table(title=f"{rows:,} buckets of {events:,} events")
    for name in ("", "p50 ms", "p99 ms"):
        table.add_column(name, justify="right" if name else "left")
    p99 = {}
    for name, took in found.items():
        p99[name] = statistics.quantiles(took, n=100)[98]
        table.add_row(name, f"{statistics.median(took):.1f}", f"{p99[name]:.1f}")
    console.print(table)
    ratio = p99["owe now"] / p99["one indexed read"]
    console.print(f"p99 is {ratio:.1f} times that of one read (gate {GATE:.0f})")


def main(words: list[str]) -> int:
    """Make rows, ask, tell."""
    options = arguments(words)
    console = Console(width=100)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with stage(HOME) as on:
        key, ids = make_rows(on, options)
        found = measure(on, key, ids, options.requests)
    rows = options.organizations * options.meters * options.days * options.apps
    show(console, found, rows, rows * options.events)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
