"""Places at the desk: however often it is woken, the queue holds a few messages of a company."""

from __future__ import annotations

import json

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache

from billing import tasks
from billing.operations.push.places import begin_turn, end_turn, take_places
from core.jobs import TENANT_HEADER
from tests.billing.push.world import World
from tests.stripe import open_stripe_account

PLACES = 3


@pytest.fixture
def queue(settings):
    """The queue of billing, empty, and three places for each company."""
    settings.PUSH_PARALLEL = PLACES
    with redis.Redis.from_url(django_settings.REDIS_URL) as broker:
        broker.delete("billing")
        cache.clear()
        yield broker
        broker.delete("billing")


def turns(queue):
    """The arguments of the turns that wait, oldest first, with their company."""
    found = [json.loads(text) for text in reversed(queue.lrange("billing", 0, -1))]
    told = [(one["headers"], one["headers"]["task"]) for one in found]
    return [head[TENANT_HEADER] for head, task in told if task == "billing.push_turn"]


def wake(tenant):
    tasks.wake_pushes.apply(headers={TENANT_HEADER: str(tenant.pk)})


def test_waking_again_and_again_sends_no_more_than_there_are_places(world, queue):
    world.invoice()
    queue.delete("billing")

    for _ in range(5):
        wake(world.tenant)

    assert turns(queue) == [str(world.tenant.pk)] * PLACES


def test_next_company_waits_behind_the_places_of_the_first_alone(
    world, other_tenant, sandbox, queue
):
    neighbour = World(other_tenant, open_stripe_account(other_tenant, name="B"), sandbox)
    for _ in range(20):
        world.invoice()
    neighbour.invoice()
    queue.delete("billing")
    for _ in range(10):
        wake(world.tenant)

    wake(other_tenant)

    owners = turns(queue)
    assert owners == [str(world.tenant.pk)] * PLACES + [str(other_tenant.pk)] * PLACES


def test_turn_without_work_left_gives_its_place_back(world, queue):
    world.invoice()
    queue.delete("billing")
    [(place, token), *_] = take_places(world.tenant.pk).items()

    headers = {TENANT_HEADER: str(world.tenant.pk)}
    for _ in range(2):
        queue.delete("billing")
        tasks.push_turn.apply(kwargs={"place": place, "token": token}, headers=headers)

    assert (world.pushes()[0][1], turns(queue)) == ("done", [])
    assert list(take_places(world.tenant.pk)) == [place]


def test_message_that_was_replaced_ends_as_soon_as_it_begins(tenant, queue):
    """The first one was thought lost, its place was given away, and then it began after all."""
    [(place, first), *_] = take_places(tenant.pk).items()
    cache.delete(f"push-place:{tenant.pk}:{place}")
    [(_, second)] = take_places(tenant.pk).items()

    began = begin_turn(tenant.pk, place, first)
    end_turn(tenant.pk, place, first, goes_on=True)
    other = begin_turn(tenant.pk, place, second)
    again = begin_turn(tenant.pk, place, first)

    assert (began, other, again) == (True, False, True)


def test_places_of_companies_are_apart(tenant, other_tenant, queue):
    first, second = take_places(tenant.pk), take_places(other_tenant.pk)

    assert (list(first), list(second)) == ([0, 1, 2], [0, 1, 2])
    assert take_places(tenant.pk) == {}
