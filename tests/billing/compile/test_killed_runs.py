"""A run whose workers are killed again and again, two at a time, ends as if nothing had happened.

The workers are real processes. Each tells when it has done a chunk, and dies by SIGKILL somewhere
in the next one; the same company is billed beside it by one worker that nobody disturbs.
"""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from billing.models import BillingRun, Invoice, Organization
from billing.operations.runs import approve_run, open_run
from billing.queries.audit import audit
from billing.queries.content import sha256_of
from core.models import Tenant
from core.tenancy import scope
from tests.billing.compile.world import NOVEMBER, World

OCTOBER = date(2026, 10, 1)
MANY = 9
WORKER = """
import sys
import django
django.setup()
from datetime import datetime
from uuid import UUID
from billing.operations.run_work import advance_run, prepare_run
run = {"tenant_id": UUID(sys.argv[1]), "run_id": UUID(sys.argv[2])}
prepare_run(**run)
print("begun", flush=True)
while advance_run(**run, now=datetime.fromisoformat(sys.argv[3]), limit=1):
    print("chunk", flush=True)
"""


def build(world: World) -> list[Organization]:
    """Two months of organizations with fees, tax, carried amounts, prepaid credit and an item."""
    found = []
    with scope(world.tenant.pk):
        meter, seats, version = world.meter(), world.meter("unique"), world.version()
        world.price(version, meter, (10, "1.005", 5), (None, "0.333333333333", 0),
                    model="graduated", included=2, minimum_minor=21)  # fmt: skip
        world.price(version, seats, rate="9.5")
        world.fee(version, 99, "advance")
        for n in range(MANY):
            tax = world.tax("19") if n % 3 == 0 else None
            organization = world.organization(
                below_minimum="carry", tax_rate=tax, anchor_day=(1, 29, 31)[n % 3]
            )
            world.assign(organization, version, date(2026, 9, 1 + n))
            world.use(organization, meter, date(2026, 9, 12), n)
            world.use(organization, meter, date(2026, 10, 5), n * n)
            bucket = world.use(organization, seats, date(2026, 10, 6), 2)
            for person in "ab":
                world.event(bucket, person)
            world.wallet(organization, 1 + 40 * n)
            world.item(organization, 17, date(2026, 10, 2))
            found.append(organization)
    return found


def invoices(world: World, organizations: list[Organization]) -> list[Any]:
    """What each organization was billed, without what is made anew each time: ids and names."""
    with scope(world.tenant.pk):
        rows = Invoice.objects.select_related("period").prefetch_related("lines")
        return [
            [
                (one.period.starts_on, one.state, one.net_minor, one.tax_minor, one.total_minor,
                 [(line.kind, line.source, line.charged_from, line.quantity, line.exact,
                   line.amount_minor) for line in one.lines.all()])
                for one in rows.filter(organization=organization).order_by("period__starts_on")
            ]
            for organization in organizations
        ]  # fmt: skip


def killed_workers(world: World, run: BillingRun, draw: random.Random) -> None:
    """Two processes at the run at once, each killed after some chunks, or done before."""
    command = [sys.executable, "-c", WORKER, str(world.tenant.pk), str(run.pk)]
    workers = [
        subprocess.Popen([*command, NOVEMBER.isoformat()], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        for _ in range(draw.randint(1, 4)):
            worker.stdout.readline()
        worker.kill()
        worker.communicate()


def bill(world: World, seed: int | None) -> BillingRun:
    """Run October to its end; with a seed, workers are killed at places that it draws."""
    with scope(world.tenant.pk):
        run = open_run(month=OCTOBER, by=None, now=NOVEMBER)
    for is_approved in (False, True):
        if is_approved:
            with scope(world.tenant.pk):
                approve_run(run_id=run.pk, by=None, now=NOVEMBER)
        if seed is not None:
            draw = random.Random(seed)
            for _ in range(2):
                killed_workers(world, run, draw)
        world.work(run)
    with scope(world.tenant.pk):
        run.refresh_from_db()
    return run


@pytest.mark.parametrize("seed", [9])
def test_run_killed_again_and_again_makes_the_invoices_of_one_undisturbed(
    world: World, other_tenant: Tenant, seed: int
) -> None:
    calm = World(other_tenant)
    killed, undisturbed = build(world), build(calm)

    runs = [bill(world, seed), bill(calm, None)]

    assert [run.state for run in runs] == ["done", "done"]
    assert invoices(world, killed) == invoices(calm, undisturbed)
    with scope(world.tenant.pk):
        drawn = list(Invoice.objects.select_related("period").prefetch_related("lines"))
        assert len(drawn) >= 2 * MANY
        numbers = sorted(int(str(one.number).removeprefix("INV-")) for one in drawn)
        assert numbers == list(range(1, len(drawn) + 1))
        for one in drawn:
            assert one.content_sha256 == sha256_of(one, one.period, one.lines.all())
        broken = [r.check.name for r in audit(everything=True) if not r.is_kept]
        # The world's buckets are written without all of their events.
        assert [name for name in broken if "bucket" not in name and "usage" not in name] == []
