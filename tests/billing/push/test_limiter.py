"""The limit that all callers share: customers first, ever longer pauses, and without Redis."""

from __future__ import annotations

from uuid import uuid4

import pytest

from payments.gateway import limiter as module
from payments.gateway.limiter import Limiter, Rank
from tests.servers import free_port


@pytest.fixture(autouse=True)
def slow(settings):
    """So slow a refill that none comes during a test; the parts are those of 25 a second."""
    settings.STRIPE_RATE_GLOBAL = settings.STRIPE_RATE_PER_ENDPOINT = 25


@pytest.fixture
def frozen(monkeypatch):
    """A limiter whose buckets hardly refill."""
    monkeypatch.setattr(Limiter, "_rates", lambda self, endpoint, rank: {self._prefix: 1 / 3600})
    return Limiter(f"acct_{uuid4().hex}")


def passed(limiter, rank, tries, endpoint="invoices.create"):
    return [limiter.wait_for_turn(endpoint, rank=rank, seconds=0) for _ in range(tries)].count(0)


def test_customer_passes_where_bulk_must_wait(frozen):
    bulk = passed(frozen, Rank.BULK, 30)

    worker = passed(frozen, Rank.WORKER, 30)
    customer = passed(frozen, Rank.CUSTOMER, 30)

    assert (bulk, worker, customer) == (3, 3, 10)


def test_bulk_waits_for_what_customers_took(frozen):
    customer = passed(frozen, Rank.CUSTOMER, 10)

    assert (customer, passed(frozen, Rank.BULK, 5)) == (10, 0)


def test_pauses_grow_and_end_at_the_longest(monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.002)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.008)
    buckets = module.Buckets()
    key = f"test:{uuid4()}"

    found = []
    for _ in range(4):
        found.append(buckets.strike(key, asked=0, first=0.002, longest=0.008, remembered=60))
        buckets._redis.delete(key)  # the pause is over

    assert found == [0.002, 0.004, 0.008, 0.008]


def test_many_refused_at_once_are_one_strike():
    buckets, key = module.Buckets(), f"test:{uuid4()}"

    found = [buckets.strike(key, asked=0, first=60, longest=600, remembered=60) for _ in range(3)]

    assert all(59 < seconds <= 60 for seconds in found)


def test_what_stripe_asks_for_is_kept():
    buckets, key = module.Buckets(), f"test:{uuid4()}"

    assert buckets.strike(key, asked=30, first=1, longest=60, remembered=60) == 30


def test_limit_of_one_endpoint_pauses_that_one_alone():
    limiter = Limiter(f"acct_{uuid4().hex}")

    limiter.pause("invoices.create", asked=60, is_endpoint_only=True)

    assert passed(limiter, Rank.BULK, 1) == 0
    assert passed(limiter, Rank.BULK, 1, endpoint="invoices.finalize") == 1


def test_limit_of_the_account_pauses_everything():
    limiter = Limiter(f"acct_{uuid4().hex}")

    limiter.pause("invoices.create", asked=60, is_endpoint_only=False)

    assert passed(limiter, Rank.BULK, 1, endpoint="invoices.finalize") == 0


def test_only_bulk_is_held_ever_longer():
    limiter = Limiter(f"acct_{uuid4().hex}")
    waits = []

    for _ in range(3):
        limiter.pause("invoices.create", asked=None, is_endpoint_only=True)
        bulk = limiter._ask("invoices.create", Rank.BULK)
        customer = limiter._ask("invoices.create", Rank.CUSTOMER)
        waits.append((round(bulk), round(customer)))
        for key in limiter._pauses("invoices.create", Rank.BULK):
            limiter._buckets._redis.delete(key)  # the pause is over

    assert waits == [(1, 1), (2, 1), (4, 1)]


def test_without_redis_customers_pass_and_bulk_goes_slowly(settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    limiter = Limiter(f"acct_{uuid4().hex}")

    assert (passed(limiter, Rank.CUSTOMER, 5), passed(limiter, Rank.BULK, 3)) == (5, 1)


def test_invoices_are_pushed_without_redis(world, settings):
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    invoice = world.invoice()

    world.push_all()

    world.assert_right([invoice])
