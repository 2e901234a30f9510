"""Workers that are real processes, killed with SIGKILL while a call of each step is under way."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from billing.models import Push
from core.demo.layout import PROJECT
from core.demo.processes import wait_until
from core.tenancy import scope

STEPS = {
    "customer": "/v1/customers",
    "create": "/v1/invoices",
    "lines": "/v1/invoices/{invoice}/add_lines",
    "finalize": "/v1/invoices/{invoice}/finalize",
}


def start(world):
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STRIPE_RATE_GLOBAL": "5000",
        "STRIPE_RATE_PER_ENDPOINT": "5000",
    }
    command = [sys.executable, "-m", "tests.billing.push.worker", str(world.tenant.pk)]
    return subprocess.Popen([*command, str(world.offset.total_seconds())], cwd=PROJECT, env=env)


def is_at(world, path):
    """Tell whether the call of this kind has reached Stripe, which lets it wait."""
    rules = world.sandbox.control("GET", "faults")["faults"]
    return any(rule["path"] == path and rule["count"] == 0 for rule in rules)


@pytest.mark.parametrize("step", STEPS)
def test_worker_killed_while_a_call_is_under_way(world, step):
    """Its call still takes effect at Stripe, after the worker is gone."""
    invoices = [world.invoice(amounts=[10] * 130) for _ in range(2)]
    world.fault("delay", STEPS[step], seconds=1.0)
    worker = start(world)
    assert wait_until(lambda: is_at(world, STEPS[step]), seconds=60)

    worker.kill()
    worker.wait()
    world.wait(minutes=3)  # the lease runs out
    assert wait_until(lambda: _drive(world), seconds=60)

    world.assert_right(invoices)


def _drive(world) -> bool:
    """Push; tells whether all is done. What the killed one asked for may still be held."""
    world.push_once()
    with scope(world.tenant.pk):
        waiting = Push.objects.filter(state__in=Push.OPEN)
        waiting.filter(leased_until=None).update(next_at=world.clock())
        return not waiting.exists()


def test_workers_killed_one_after_the_other_lose_nothing(world):
    invoices = [world.invoice() for _ in range(6)]
    world.fault("delay", "*", count=None, seconds=0.05)

    for _ in range(2):
        workers = [start(world) for _ in range(2)]
        before = _calls(world)
        wait_until(lambda before=before: _calls(world) > before + 3, seconds=60)
        for worker in workers:
            worker.kill()
            worker.wait()
        world.wait(minutes=3)
    world.sandbox.control("DELETE", "faults")
    assert wait_until(lambda: _drive(world), seconds=60)

    world.assert_right(invoices)


def _calls(world) -> int:
    return len(world.sandbox.control("GET", "requests")["requests"])
