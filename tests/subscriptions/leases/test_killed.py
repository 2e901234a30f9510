"""`link_leases` and `import_leases` as real processes, killed with SIGKILL in the middle."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from core.demo.layout import PROJECT
from core.demo.processes import wait_until
from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Lease, Resident, Room
from tests.subscriptions.leases import dumps
from tests.subscriptions.leases.conftest import Imports, Links
from tests.subscriptions.leases.test_linking import five_leases

pytestmark = pytest.mark.django_db

STEPS = {
    "customer": "/v1/customers",
    "product": "/v1/products",
    "price": "/v1/prices",
    "subscription": "/v1/subscriptions",
    "cancellation": "/v1/subscriptions/{subscription_exposed_id}",
}


def start(command: str, *words: str) -> subprocess.Popen[bytes]:
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STRIPE_RATE_GLOBAL": "5000",
        "STRIPE_RATE_PER_ENDPOINT": "5000",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", command, *words],
        cwd=PROJECT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def is_at(links: Links, path: str) -> bool:
    """Tell whether a call of this kind has reached Stripe, which lets it wait."""
    rules = links.sandbox.control("GET", "faults")["faults"]
    return any(rule["path"] == path and rule["count"] == 0 for rule in rules)


def assert_linked_once(links: Links, tenant: Tenant) -> None:
    """What is at Stripe stands for one row each, and each row knows its own."""
    nouns = ("customers", "products", "prices")
    there = {noun: links.all(noun) for noun in nouns} | {"leases": links.subscriptions()}
    found = Counter(
        (noun, one["metadata"]["source_table"], one["metadata"]["source_id"])
        for noun, objects in there.items()
        for one in objects
    )
    with scope(tenant.pk):
        kept = {
            *Resident.objects.values_list("stripe_customer_id", flat=True),
            *Room.objects.values_list("stripe_product_id", flat=True),
            *Room.objects.values_list("stripe_price_id", flat=True),
            *Lease.objects.exclude(stripe_price_id=None).values_list("stripe_price_id", flat=True),
            *Lease.objects.values_list("stripe_subscription_id", flat=True),
        }

    assert [key for key, count in found.items() if count > 1] == []
    assert [len(objects) for objects in there.values()] == [7, 7, 13, 7]
    assert kept == {one["id"] for objects in there.values() for one in objects}


@pytest.mark.parametrize("step", STEPS)
def test_link_killed_while_a_call_is_under_way_makes_nothing_twice(
    imports: Imports, links: Links, tenant: Tenant, step: str
) -> None:
    """Its call still takes effect at Stripe, after the process is gone."""
    imports(**five_leases())
    method = "DELETE" if step == "cancellation" else "POST"
    links.sandbox.control(
        "POST", "faults", kind="delay", path=STEPS[step], method=method, count=1, seconds=1.0
    )
    process = start("link_leases", "--tenant", tenant.slug)
    assert wait_until(lambda: is_at(links, STEPS[step]), seconds=90)

    process.kill()
    process.wait()
    links.run()

    assert_linked_once(links, tenant)


def test_link_killed_again_and_again_makes_nothing_twice(
    imports: Imports, links: Links, tenant: Tenant
) -> None:
    imports(**five_leases())
    links.sandbox.control("POST", "faults", kind="delay", path="/v1/*", seconds=0.05)

    def calls() -> int:
        return len(links.sandbox.control("GET", "requests")["requests"])

    for _ in range(3):
        process, before = start("link_leases", "--tenant", tenant.slug), calls()
        wait_until(lambda before=before: calls() > before + 8, seconds=90)  # type: ignore[misc]
        process.kill()
        process.wait()
    links.sandbox.control("DELETE", "faults")
    links.run()

    assert_linked_once(links, tenant)


def test_import_killed_in_the_middle_leaves_nothing_half(
    imports: Imports, tenant: Tenant, tmp_path: Path
) -> None:
    """It is killed inside its transaction: while it holds the lock that imports take."""
    many = [dumps.user(id=f"user_{number}", salt=f"s{number}") for number in range(3000)]
    path = dumps.written(tmp_path / "many.dump", users=many)
    process = start("import_leases", str(path), "--tenant", tenant.slug)
    before = _locks_held()
    wait_until(lambda: _locks_held() > before or process.poll() is not None, seconds=90)

    process.kill()
    process.wait()

    with scope(tenant.pk):
        left = Resident.objects.count()
    imports.file(path)
    with scope(tenant.pk):
        assert (left in (0, 3000), Resident.objects.count()) == (True, 3000)


def _locks_held() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
        return int(cursor.fetchone()[0])
