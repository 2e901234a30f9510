"""Real workers, a real broker, kills and faults: each invoice is at Stripe once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from billing.models import Push
from core.demo.processes import wait_until
from core.jobs import send
from core.models import Tenant
from core.tenancy import scope
from payments.models import StripeAccount
from tests.billing.push.world import World
from tests.stack import Stack
from tests.stripe import Sandbox

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
]

# Nearly half of all calls fail, before or after their effect.
FAULTS = ("error_before", "error_after", "lost_after", "drop_before", "garbage")
SHARE = 0.45
INVOICES = 12
KILLS = 2
PATIENCE_SECONDS = 180.0


@pytest.fixture
def world(tenant: Tenant, stack: Stack, account: StripeAccount, sandbox: Sandbox) -> World:
    """A company whose workers are those of the stack."""
    return World(tenant, account, sandbox)


def done(world: World) -> int:
    with scope(world.tenant.pk):
        return Push.objects.filter(state="done", invoice__isnull=False).count()


def hurry(world: World) -> None:
    """Have what was put off be due, and beat come round, where nothing is under way."""
    with scope(world.tenant.pk):
        rows = Push.objects.filter(state__in=Push.OPEN)
        if rows.exclude(leased_until=None).exists():
            return
        rows.update(next_at=timezone.now())
    send("billing.wake_pushes", world.tenant.pk, None, {})


def time_passes_for_the_dead(world: World) -> None:
    """What a killed worker held runs out."""
    with scope(world.tenant.pk):
        held = Push.objects.filter(state__in=Push.OPEN).exclude(leased_until=None)
        held.update(leased_until=timezone.now() - timedelta(seconds=1), next_at=timezone.now())
    cache.clear()


def test_workers_killed_amid_faults_leave_each_invoice_at_stripe_once(
    world: World, stack: Stack, sandbox: Sandbox
) -> None:
    chance = 1 - (1 - SHARE) ** (1 / len(FAULTS))
    for kind in FAULTS:
        sandbox.control("POST", "faults", kind=kind, path="/v1/*", probability=chance)
    invoices = [world.invoice(amounts=[100 + n] * (1 + n % 5)) for n in range(INVOICES)]

    for kill in range(1, KILLS + 1):
        wanted = kill * INVOICES // (KILLS + 2)
        assert wait_until(lambda n=wanted: _reached(world, n), seconds=PATIENCE_SECONDS)
        stack.kill_worker()
        time_passes_for_the_dead(world)
        stack.worker.start()
    assert wait_until(lambda: _reached(world, INVOICES), seconds=PATIENCE_SECONDS)

    sandbox.control("DELETE", "faults")
    world.assert_right(invoices)


def _reached(world: World, count: int) -> bool:
    hurry(world)
    return done(world) >= count
