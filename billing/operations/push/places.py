"""Places at the push desk: each company has PUSH_PARALLEL, and one message or worker for each.

Beat and each new invoice wake the desk. Without places each waking would add as many messages as
may push at once, which send themselves on as long as there is work: a company with very many
invoices would fill the queue, and the next one's few would wait behind all of that.

Places lie in Redis, as the messages do. What is lost with a worker or with Redis runs out by
itself, and beat wakes the desk again.
"""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID, uuid4

import redis
import structlog
from django.conf import settings
from django.core.cache import cache

log = structlog.get_logger(__name__)

# A place is given to another message after so long: whoever had it may be lost. If it was not, the
# one that begins first keeps the place, and the other ends as soon as it begins. Who has begun is
# soon done or dead.
HELD_SECONDS = 60
BEGUN_SECONDS = 30
# Longer than any message waits.
REMEMBERED_SECONDS = 3600


def take_places(tenant_id: UUID) -> dict[int, str]:
    """Take all places that are free: for each a token, to be sent on its way. Repeating is safe."""
    found = {}
    for place in range(settings.PUSH_PARALLEL):
        token = uuid4().hex
        try:
            is_free = cache.add(_key(tenant_id, place), token, HELD_SECONDS)
        except redis.RedisError as error:
            log.warning("push_places_unknown", error=type(error).__name__)
            return {}
        if is_free:
            found[place] = token
    return found


def begin_turn(tenant_id: UUID, place: int, token: str) -> bool:
    """Begin to work at a place; False when another message has taken it over.

    Without Redis nobody can tell: the work is done all the same.
    """
    key = _key(tenant_id, place)
    with suppress(redis.RedisError):
        if cache.get(_ended(token)):
            return False
        held = cache.get(key)
        if held is not None and held != token:
            cache.set(_ended(held), 1, REMEMBERED_SECONDS)
        cache.set(key, token, BEGUN_SECONDS)
    return True


def end_turn(tenant_id: UUID, place: int, token: str, *, goes_on: bool) -> None:
    """Leave a place, or keep it for the message that is sent on."""
    key = _key(tenant_id, place)
    with suppress(redis.RedisError):
        if goes_on:
            cache.touch(key, HELD_SECONDS)
        elif cache.get(key) == token:
            cache.delete(key)


def is_first_to_wake(tenant_id: UUID, second: int) -> bool:
    """Return True once for each second at which the desk is to be woken. Repeating is safe.

    All places that find nothing to do at one moment want it woken when the next thing is due.
    """
    try:
        return bool(cache.add(f"push-wake:{tenant_id}:{second}", 1, HELD_SECONDS))
    except redis.RedisError:
        return False


def _ended(token: str) -> str:
    return f"push-ended:{token}"


def _key(tenant_id: UUID, place: int) -> str:
    return f"push-place:{tenant_id}:{place}"
