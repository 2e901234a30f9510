"""A run of a club at the sandbox's shop, for tests."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from core.tenancy import scope
from subscriptions.models import Club, ClubRun, ClubRunItem
from subscriptions.operations.charging import ask_again, due_charges
from subscriptions.operations.run_work import charge_next, tidy_runs
from subscriptions.operations.runs import draft_run, start_run
from subscriptions.queries.months import month_at
from tests.stripe import Sandbox
from tests.subscriptions.conftest import NOW

MARCH = date(2026, 3, 1)
SHOP_PATH = "/shop/order/{request_id}"


def drafted(club: Club, month: date = MARCH, now: datetime = NOW) -> ClubRun:
    """Return a draft of a run."""
    with scope(club.tenant_id):
        return draft_run(club=club, month=month, by=None, now=now)


def started(club: Club, now: datetime = NOW) -> ClubRun:
    """Return a run that has begun."""
    run = drafted(club, month_at(now, club), now)
    with scope(club.tenant_id):
        return start_run(run_id=run.pk, by=None, now=now)


def work(run: ClubRun, now: datetime = NOW) -> None:
    """Charge all whose turn it is."""
    while charge_next(tenant_id=run.tenant_id, run_id=run.pk, now=now):
        pass


def work_through(run: ClubRun, now: datetime = NOW) -> None:
    """Charge until nothing is left to do, as workers and sweeps do in time."""
    for _ in range(8):
        work(run, now)
        for charge_id in due_charges(tenant_id=run.tenant_id, now=now):
            ask_again(tenant_id=run.tenant_id, charge_id=charge_id, now=now)
        tidy_runs(tenant_id=run.tenant_id, now=now)
        now += timedelta(minutes=10)


def states(run: ClubRun) -> dict[str, str]:
    """Return the state of each item by customer."""
    with scope(run.tenant_id):
        rows = run.items.values_list("subscription__customer_store_id", "state")
        return dict(rows)


def state_of(run: ClubRun) -> str:
    """Return the state of a run as it lies in the database."""
    with scope(run.tenant_id):
        run.refresh_from_db()
    return run.state


def item_of(run: ClubRun, customer: str) -> ClubRunItem:
    """Return a customer's item."""
    with scope(run.tenant_id):
        return run.items.select_related("charge").get(subscription__customer_store_id=customer)


def fault(shop: Sandbox, kind: str, count: int = 1, **fields: Any) -> None:
    """Have the shop fail."""
    shop.control("POST", "faults", kind=kind, path=SHOP_PATH, count=count, **fields)


def ordered(shop: Sandbox) -> list[str]:
    """Return the customers of all orders that the shop has made, sorted."""
    return sorted(one["customer_id"] for one in shop.control("GET", "shop/orders")["orders"])
