"""Real workers, a real broker, a proxy that fails, and kills: each invoice is at Stripe once.

`python -m benchmarks.push --faults --kill 50` is the same with two thousand, in real time.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.utils import timezone

from benchmarks.push import rows
from benchmarks.push.count import Tally, tally
from benchmarks.push.proxy import SHARES, proxy
from benchmarks.push.workers import Crew, watch
from billing.models import Push
from core.jobs import send
from core.tenancy import scope

pytestmark = [
    pytest.mark.journey,
    pytest.mark.xdist_group("journey"),
    pytest.mark.django_db(transaction=True),
]

KEY = "sk_test_proof00000000000000000000"
INVOICES, LINES = 24, 12
KILL_EVERY = 5
PATIENCE_SECONDS = 600.0
# Nobody waits here until a worker's patience is over.
QUICK = {
    kind: 2 * share for kind, share in SHARES.items() if kind != "late" and "stall" not in kind
}


def hurry(tenant_id) -> int:
    """Have what was put off be due, and beat come round; returns how many invoices are left."""
    with scope(tenant_id):
        Push.objects.filter(state="waiting", leased_until=None).update(next_at=timezone.now())
        count = Push.objects.filter(state__in=Push.OPEN, invoice__isnull=False).count()
    send("billing.wake_pushes", tenant_id, None, {})
    return count


def time_passes_for_the_dead(tenant_id) -> None:
    """What a killed worker held runs out; a living one finds that and starts again."""
    with scope(tenant_id):
        held = Push.objects.filter(state__in=Push.OPEN).exclude(leased_until=None)
        held.update(leased_until=timezone.now() - timedelta(seconds=1), next_at=timezone.now())
    cache.clear()


@pytest.fixture
def unlimited(sandbox, monkeypatch):
    """Workers and sandbox without limits; returns the sandbox's port."""
    sandbox.control("POST", "settings", rate_limit={"enabled": False})
    for name in ("STRIPE_RATE_GLOBAL", "STRIPE_RATE_PER_ENDPOINT"):
        monkeypatch.setenv(name, "5000")
    monkeypatch.setenv("PUSH_PARALLEL", "4")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")
    return urlsplit(sandbox.base).port


def test_workers_killed_amid_faults_leave_each_invoice_at_stripe_once(
    db, unlimited, sandbox, monkeypatch, tmp_path
) -> None:
    tenant_id = rows.make_invoices("proof", KEY, invoices=INVOICES, lines=LINES)
    crew = Crew(2, 2, tmp_path / "log" / "workers.log")

    with proxy(unlimited, seed=7, shares=QUICK) as faults:
        monkeypatch.setenv("STRIPE_API_BASE", faults.url)
        crew.start()
        try:
            watch(
                crew,
                lambda: hurry(tenant_id),
                kill_every=KILL_EVERY,
                dice=Random(7),
                patience=PATIENCE_SECONDS,
                say=lambda _: time_passes_for_the_dead(tenant_id),
            )
        finally:
            crew.stop()

    made = sandbox.control("GET", "invoices")["invoices"]
    owners = rows.organizations_of(tenant_id)
    found = tally(rows.wanted_of(tenant_id), made, rows.customers_at(sandbox.base, [KEY], owners))
    assert found == Tally(wanted=INVOICES, there=INVOICES)
    assert found.is_sound
    assert crew.kills > 0
    assert sum(faults.struck.values()) > INVOICES
