"""`python -m benchmarks.club_run`: a club run against the sandbox's shop, at a configured rate.

Processes of their own charge, as Celery's workers do, on a PostgreSQL that writes to disk. Told
are the calls a second from the first charge to the last, and whether the shop's own list has
exactly one order for each member.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import requests
from django.core.management import call_command
from rich.console import Console

from benchmarks.stage import HOST, free_port, servers, settings_of
from core.demo.layout import PROJECT
from core.demo.postgres import OWNER

HOME = Path(__file__).resolve().parents[1] / "var" / "benchmark-run"

MEMBERS = """
INSERT INTO subscriptions_subscription (tenant_id, reference, club_id, customer_store_id)
SELECT %(tenant)s, 'member-' || n, %(club)s, 'customer-' || n FROM generate_series(1, %(count)s) n
"""
HISTORY = """
INSERT INTO subscriptions_subscriptionstatuschange
    (tenant_id, subscription_id, reference, status, effective_at)
SELECT tenant_id, id, id::text, 1, now() - interval '1 day' FROM subscriptions_subscription
"""


@contextmanager
def sandbox() -> Iterator[str]:
    """Run the sandbox; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield f"http://{HOST}:{port}"
        finally:
            process.terminate()


def make_members(count: int) -> Any:
    """Make a tenant with a club of so many active members; returns the draft of a run."""
    from django.db import connection
    from django.utils import timezone

    from core.models import Tenant
    from core.tenancy import scope
    from subscriptions.operations.clubs import make_club
    from subscriptions.operations.runs import draft_run
    from subscriptions.operations.shop_accounts import connect_shop
    from subscriptions.queries.months import month_at

    now = timezone.now()
    tenant = Tenant.objects.create(name="Benchmark", slug="benchmark", default_currency="EUR")
    with scope(tenant.pk):
        connect_shop(api_key="benchmark", api_secret="shop_test_benchmark")
        club = make_club(name="Ales", store_sku=7, now=now, number=1)
        with connection.cursor() as cursor:
            cursor.execute(MEMBERS, {"tenant": tenant.pk, "club": club.pk, "count": count})
            cursor.execute(HISTORY)
        return draft_run(club=club, month=month_at(now, club), by=None, now=now)


def charge_all(run: Any) -> dict[str, int]:
    """Start the run, let processes work on it, and return its counts when it is through."""
    from django.conf import settings
    from django.utils import timezone

    from core.tenancy import scope
    from subscriptions.operations.run_work import tidy_runs
    from subscriptions.operations.runs import start_run
    from subscriptions.queries.runs import progress_of

    with scope(run.tenant_id):
        start_run(run_id=run.pk, by=None, now=timezone.now())
    command = [sys.executable, "-m", "benchmarks.club_run", "--work", f"{run.tenant_id}/{run.pk}"]
    workers = [subprocess.Popen(command, cwd=PROJECT) for _ in range(settings.SHOP_PARALLEL)]
    while True:
        time.sleep(1)
        tidy_runs(tenant_id=run.tenant_id, now=timezone.now())
        with scope(run.tenant_id):
            run.refresh_from_db()
            found = progress_of(run).counts
        if run.state != "running":
            break
    for worker in workers:
        worker.wait(30)
    return found


def charging_seconds(run: Any) -> float:
    """Return the time from the first charge of a run to its last."""
    from django.db.models import Max, Min

    from core.tenancy import scope
    from subscriptions.models import Charge

    with scope(run.tenant_id):
        ends = Charge.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    return (ends["last"] - ends["first"]).total_seconds()


def work(names: str) -> None:
    """Be one worker."""
    django.setup()
    from uuid import UUID

    from django.utils import timezone

    from subscriptions.operations.run_work import work_run

    tenant, run = (UUID(name) for name in names.split("/"))
    work_run(tenant_id=tenant, run_id=run, clock=timezone.now, goes_on=lambda: True)


def measure(options: argparse.Namespace, console: Console) -> int:
    """Start everything, run the club, tell; returns the exit code."""
    with servers(HOME) as (postgres, valkey), sandbox() as base:
        os.environ.update(
            settings_of(postgres, valkey),
            DATABASE_OWNER_URL=postgres.url(role=OWNER),
            SHOP_URL=f"{base}/shop",
            SHOP_RATE=str(options.rate),
            SHOP_PARALLEL=str(options.parallel),
        )
        django.setup()
        call_command("migrate", verbosity=0, skip_checks=True)
        run = make_members(options.members)
        begun = time.monotonic()
        counts = charge_all(run)
        whole = time.monotonic() - begun
        seconds = charging_seconds(run)
        orders = requests.get(f"{base}/_sandbox/shop/orders", timeout=60).json()["orders"]
    each = Counter(order["customer_id"] for order in orders)
    is_right = len(each) == options.members and set(each.values()) == {1}
    rate = len(orders) / seconds
    console.print(f"{len(orders)} orders in {seconds:.1f} s: {rate:.1f}/s of {options.rate:g}/s")
    console.print(f"{whole:.1f} s with the start of the processes and the end of the run")
    console.print(f"ratio {rate / options.rate:.3f} (aim 0.9), {options.parallel} at once")
    console.print(f"run: {counts}; each member exactly one order: {is_right}")
    return 0 if is_right else 1


def main(words: list[str]) -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser("benchmarks.club_run", description=__doc__)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=50.0, help="SHOP_RATE (50)")
    parser.add_argument("--parallel", type=int, default=4, help="SHOP_PARALLEL (4)")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.work:
        work(options.work)
        return 0
    return measure(options, Console())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
