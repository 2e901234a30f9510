"""Runs that nobody drives are found by one sweep; those that somebody is at are left alone."""

from __future__ import annotations

from datetime import date, timedelta

from billing.models import BillingRun
from billing.operations.run_work import LEFT_ALONE, take_idle_runs, work_run
from billing.operations.runs import open_run
from core.models import Tenant
from core.tenancy import scope
from tests.billing.compile.world import NOVEMBER, World

OCTOBER = date(2026, 10, 1)


def start(world: World) -> BillingRun:
    with scope(world.tenant.pk):
        organization, meter, version = world.organization(), world.meter(), world.version()
        world.price(version, meter, rate=1)
        world.assign(organization, version)
        return open_run(month=OCTOBER, by=None, now=NOVEMBER)


def idle(tenant: Tenant, seconds: float = 0) -> list[object]:
    return list(take_idle_runs(tenant_id=tenant.pk, now=NOVEMBER + timedelta(seconds=seconds)))


def begin(world: World, run: BillingRun, *, chunks: int) -> None:
    """Work as a worker does that dies after so many chunks."""
    left = iter(range(chunks))
    work_run(
        tenant_id=world.tenant.pk,
        run_id=run.pk,
        clock=lambda: NOVEMBER,
        goes_on=lambda: next(left, None) is not None,
        limit=1,
    )


def test_run_without_a_worker_is_given_to_one(world: World) -> None:
    run = start(world)

    assert idle(world.tenant) == [run.pk]
    assert idle(world.tenant, 59) == []


def test_run_that_somebody_is_at_is_left_alone(world: World) -> None:
    run = start(world)
    begin(world, run, chunks=1)

    assert idle(world.tenant, LEFT_ALONE.total_seconds() - 1) == []


def test_run_whose_worker_died_is_given_to_another_once(world: World) -> None:
    run = start(world)
    begin(world, run, chunks=1)
    later = LEFT_ALONE.total_seconds()

    assert idle(world.tenant, later) == [run.pk]
    assert idle(world.tenant, later) == []


def test_run_that_waits_for_a_person_wants_no_worker(world: World) -> None:
    run = start(world)
    world.work(run)

    assert idle(world.tenant, 3600) == []


def test_long_turn_is_noted_again_and_again(world: World) -> None:
    run = start(world)
    moments = iter(NOVEMBER + timedelta(seconds=11 * n) for n in range(100))

    work_run(
        tenant_id=world.tenant.pk, run_id=run.pk, clock=lambda: next(moments),
        goes_on=lambda: True, limit=1,
    )  # fmt: skip

    with scope(world.tenant.pk):
        run.refresh_from_db()
    assert run.worked_at is not None
    assert run.worked_at > NOVEMBER + timedelta(seconds=11)
