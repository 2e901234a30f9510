"""Runs under many workers, killed workers and lost connections: the same invoices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction

from billing.models import BillingPeriod, BillingRun, Invoice
from billing.operations import run_work
from billing.operations.compiling import compile_next
from billing.operations.finalizing import finalize_next
from billing.operations.runs import approve_run, cancel_run, open_run, stop_run
from core.tenancy import scope
from tests.billing.compile.world import NOVEMBER, World, facts

OCTOBER = date(2026, 10, 1)
MANY = 12


@pytest.fixture
def many(world: World) -> World:
    """Organizations with late, small, prepaid and left-over amounts, over two months."""
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, (10, 100, 5), (None, "3.3", 0), model="graduated")
        world.fee(version, 999, "advance")
        for n in range(MANY):
            organization = world.organization(below_minimum="carry")
            world.assign(organization, version, date(2026, 9, 1 + n))
            world.use(organization, meter, date(2026, 9, 5), n)
            world.use(organization, meter, date(2026, 10, 5), n * n)
            world.wallet(organization, 1 + 40 * n)
    return world


def all_facts(world: World) -> list[Any]:
    with scope(world.tenant.pk):
        return facts(Invoice.objects.prefetch_related("lines").order_by("organization_id"))


def in_threads(world: World, run: BillingRun, number: int = 4) -> None:
    gate = threading.Barrier(number)

    def work() -> None:
        gate.wait()
        try:
            world.work(run)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as threads:
        for done in [threads.submit(work) for _ in range(number)]:
            done.result()


def start(world: World) -> BillingRun:
    with scope(world.tenant.pk):
        return open_run(month=OCTOBER, by=None, now=NOVEMBER)


def throw_away(world: World, run: BillingRun) -> None:
    with scope(world.tenant.pk):
        cancel_run(run_id=run.pk, now=NOVEMBER)


def test_four_workers_make_the_invoices_of_one(many: World) -> None:
    one = start(many)
    many.work(one)
    expected = all_facts(many)
    throw_away(many, one)

    run = start(many)
    in_threads(many, run)
    many.work(run)

    assert len(expected) > MANY
    assert all_facts(many) == expected
    with scope(many.tenant.pk):
        run.refresh_from_db()
        assert run.state == "review"


def test_four_workers_leave_no_gap_between_numbers(many: World) -> None:
    run = start(many)
    many.work(run)
    with scope(many.tenant.pk):
        approve_run(run_id=run.pk, by=None, now=NOVEMBER)

    in_threads(many, run)
    many.work(run)

    with scope(many.tenant.pk):
        numbers = {int(i.number.removeprefix("INV-")) for i in Invoice.objects.all() if i.number}
        assert numbers == set(range(1, Invoice.objects.count() + 1))
        run.refresh_from_db()
        assert run.state == "done"


def test_numbers_of_a_chunk_that_is_undone_are_given_again(many: World) -> None:
    run = start(many)
    many.work(run)
    with scope(many.tenant.pk):
        approve_run(run_id=run.pk, by=None, now=NOVEMBER)
        run.refresh_from_db()
    with scope(many.tenant.pk):
        undone = finalize_next(run=run, limit=5, now=NOVEMBER)
        transaction.set_rollback(True)

    many.work(run)

    with scope(many.tenant.pk):
        assert undone == 5
        assert Invoice.objects.filter(number="INV-1").count() == 1


def test_worker_killed_in_the_middle_of_a_chunk_leaves_nothing_behind(many: World) -> None:
    one = start(many)
    many.work(one)
    expected = all_facts(many)
    throw_away(many, one)
    run = start(many)
    run_work.advance_run(tenant_id=many.tenant.pk, run_id=run.pk, now=NOVEMBER, limit=2)

    killed_after_drafting(many, run)
    between = all_facts(many)
    many.work(run)

    assert len(between) == 2
    assert all_facts(many) == expected


def killed_after_drafting(world: World, run: BillingRun) -> None:
    """Draft a chunk in a process of its own, which is killed before it commits."""
    program = f"""
import django, os, sys
django.setup()
from datetime import datetime
from uuid import UUID
from billing.models import BillingRun
from billing.operations.compiling import compile_next
from core.tenancy import scope
with scope(UUID("{world.tenant.pk}")):
    run = BillingRun.objects.get(pk="{run.pk}")
    done = compile_next(run=run, limit=5, now=datetime.fromisoformat("{NOVEMBER.isoformat()}"))
    print(done, flush=True)
    sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "5"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def test_stop_does_not_wait_for_the_chunk_under_way(many: World) -> None:
    run = start(many)
    run_work.prepare_run(tenant_id=many.tenant.pk, run_id=run.pk)
    run_work.advance_run(tenant_id=many.tenant.pk, run_id=run.pk, now=NOVEMBER)
    drafted, stopped = threading.Event(), threading.Event()

    def chunk() -> None:
        try:
            with scope(many.tenant.pk):
                held = run_work.share_run(run.pk)
                assert held is not None
                compile_next(run=held, limit=2, now=NOVEMBER)
                drafted.set()
                assert stopped.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(chunk)
        assert drafted.wait(30)
        with scope(many.tenant.pk):
            state = stop_run(run_id=run.pk, now=NOVEMBER).state
        stopped.set()
        done.result()
    many.work(run)

    with scope(many.tenant.pk):
        assert state == "stopped"
        assert Invoice.objects.count() == 2


def test_cancelling_waits_for_the_chunk_under_way_and_takes_it_back(many: World) -> None:
    run = start(many)
    run_work.prepare_run(tenant_id=many.tenant.pk, run_id=run.pk)
    run_work.advance_run(tenant_id=many.tenant.pk, run_id=run.pk, now=NOVEMBER)
    drafted, goes_on = threading.Event(), threading.Event()

    def chunk() -> None:
        try:
            with scope(many.tenant.pk):
                held = run_work.share_run(run.pk)
                assert held is not None
                compile_next(run=held, limit=2, now=NOVEMBER)
                drafted.set()
                assert goes_on.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(chunk)
        assert drafted.wait(30)
        with scope(many.tenant.pk):
            stop_run(run_id=run.pk, now=NOVEMBER)
        threading.Timer(0.2, goes_on.set).start()
        throw_away(many, run)
        done.result()

    with scope(many.tenant.pk):
        assert Invoice.objects.count() == 0
        assert not BillingPeriod.objects.filter(state="invoiced").exists()
