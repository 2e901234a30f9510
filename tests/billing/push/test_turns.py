"""Turns at the desk: one push each, so that companies who share workers go on side by side."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import timedelta

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache

from billing import tasks
from billing.models import Push, PushDesk
from billing.operations.push.rows import LEASE
from billing.operations.push.work import LONGEST_PAUSE, Outcome, take_turn
from core.jobs import TENANT_HEADER
from core.tenancy import scope
from payments.gateway import limiter
from tests.billing.push.world import World
from tests.stripe import open_stripe_account

PLACES = 4
MANY, FEW = 30, 3


@pytest.fixture
def queue(settings):
    """The queue of billing, empty, and some places for each company."""
    settings.PUSH_PARALLEL = PLACES
    with redis.Redis.from_url(django_settings.REDIS_URL) as broker:
        broker.delete("billing")
        cache.clear()
        yield broker
        broker.delete("billing")


def take(queue):
    """Take the oldest message out of the queue: its headers and its task's arguments."""
    found = json.loads(queue.rpop("billing"))
    [_, kwargs, _] = json.loads(b64decode(found["body"]))
    return found["headers"], kwargs


def work(queue):
    """Be the only worker, until the queue is empty; returns how many messages there were."""
    count = 0
    while queue.llen("billing"):
        headers, kwargs = take(queue)
        if headers["eta"]:
            continue
        task = {"billing.push_turn": tasks.push_turn, "billing.wake_pushes": tasks.wake_pushes}
        told = {TENANT_HEADER: headers[TENANT_HEADER]}
        task[headers["task"]].apply(kwargs=kwargs, headers=told)
        count += 1
    return count


def turn(world, place=0):
    return take_turn(tenant_id=world.tenant.pk, place=place, clock=world.clock)


def finalized(world):
    """Whose invoices Stripe was asked to finalize, in that order."""
    asked = world.sandbox.control("GET", "requests")["requests"]
    return [one["account"] for one in asked if one["path"].endswith("/finalize")]


def test_few_of_one_company_are_done_while_many_of_another_still_wait(
    world, other_tenant, sandbox, queue
):
    """One worker for both, and the many were there first."""
    neighbour = World(other_tenant, open_stripe_account(other_tenant, name="B"), sandbox)
    for _ in range(MANY):
        world.invoice()
    queue.delete("billing")
    tasks.wake_pushes.apply(headers={TENANT_HEADER: str(world.tenant.pk)})
    for _ in range(FEW):
        neighbour.invoice()

    work(queue)

    owners = finalized(world)
    last = max(number for number, owner in enumerate(owners) if owner == neighbour.account_id())
    assert (owners.count(world.account_id()), owners.count(neighbour.account_id())) == (MANY, FEW)
    # At most a round of the others' places goes before, and one beside.
    assert last < 2 * PLACES + FEW


def test_turn_pushes_one_and_goes_on_at_once(world):
    invoices = [world.invoice() for _ in range(2)]

    waits = [turn(world) for _ in range(3)]

    assert waits == [0, 0, None]
    world.assert_right(invoices)


def test_nothing_is_claimed_while_stripe_wants_a_pause(world):
    struck, other = world.invoice(), world.invoice()
    world.fault("rate_limit", "/v1/customers", retry_after=600)
    world.push_once()

    wait = turn(world, place=1)

    assert (wait, world.push_once()) == (LONGEST_PAUSE, Outcome.HELD_BACK)
    assert (world.push(struck).attempts, world.push(other).attempts) == (1, 0)


def test_pauses_are_short_again_after_calls_that_went_well(world):
    world.invoice()
    world.fault("rate_limit", "/v1/customers", count=3)
    strikes = f"taproom:stripe:{world.account.stripe_account_id}:bulk:pause:strikes"

    world.push_all()

    with redis.Redis.from_url(django_settings.REDIS_URL) as broker:
        assert broker.get(strikes) is None
    assert limiter.RELIEVED_AFTER == 3


@pytest.fixture
def away(world):
    """Stripe answers nothing, and has not for a minute."""
    invoices = [world.invoice() for _ in range(3)]
    world.sandbox.control("POST", "faults", kind="drop_before", method="*", path="*")
    world.push_once()
    with scope(world.tenant.pk):
        PushDesk.objects.update(down_since=world.clock() - timedelta(minutes=1))
    return invoices


def test_one_place_alone_looks_whether_stripe_is_back(world, away):
    before = len(world.calls())

    waits = [turn(world, place) for place in (1, 2, 0)]

    assert waits == [None, None, 5.0]
    assert len(world.calls()) == before + 1


def test_what_waited_goes_on_as_soon_as_stripe_answers(world, away):
    with scope(world.tenant.pk):
        rows = Push.objects.filter(invoice=away[0])
        rows.update(state="waiting", next_at=world.clock() + timedelta(minutes=10))
    world.sandbox.control("DELETE", "faults")

    world.push_once()

    with scope(world.tenant.pk):
        assert PushDesk.objects.get().down_since is None
        assert rows.get().next_at <= world.clock()
        assert rows.get().failures == 0


def test_answer_of_any_kind_is_no_silence(world):
    """Stripe is up when it says that it is busy, or that there is too much."""
    world.invoice()
    world.fault("rate_limit", "/v1/customers", retry_after=1)

    assert world.push_once() is Outcome.NO_ANSWER

    with scope(world.tenant.pk):
        assert PushDesk.objects.get().down_since is None


def test_stored_refusal_for_a_locked_object_holds_nobody_back(world):
    invoices = [world.invoice() for _ in range(2)]
    world.fault("lock_timeout", "/v1/invoices/{invoice}/add_lines")

    world.push_once()
    outcome = world.push_once()

    assert outcome is Outcome.PUSHED
    world.push_all()
    world.assert_right(invoices)


def test_failures_are_counted_until_a_step_is_done(world):
    invoice = world.invoice()
    world.fault("error_before", "/v1/invoices", count=2)

    failures = []
    for _ in range(3):
        world.push_once()
        failures.append(world.push(invoice).failures)
        world.wait(minutes=5)

    assert failures == [1, 2, 0]


def test_killed_workers_push_is_due_when_its_lease_ends(world, queue):
    invoice = world.invoice()
    with scope(world.tenant.pk):
        Push.objects.filter(invoice=invoice).update(
            attempts=1, leased_until=world.clock() + LEASE, next_at=world.clock() + LEASE
        )

    first = turn(world)
    world.wait(seconds=LEASE.total_seconds() + 1)
    second = turn(world)

    assert (first, second) == (None, 0)
    world.assert_right([invoice])


def test_desk_is_woken_once_when_the_next_thing_is_due(world, queue):
    world.invoice()
    with scope(world.tenant.pk):
        Push.objects.update(next_at=world.clock() + timedelta(seconds=9))
    queue.delete("billing")

    for _ in range(3):
        tasks._wake_later(world.tenant.pk)

    found = [json.loads(text)["headers"] for text in queue.lrange("billing", 0, -1)]
    assert [(one["task"], bool(one["eta"])) for one in found] == [("billing.wake_pushes", True)]
