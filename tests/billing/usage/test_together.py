"""Ordinary batches are read and stored as a whole: with the outcome of events one by one."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Alert, UsageBucket, UsageEvent
from billing.operations.usage import Columns, read_batch, record_usage
from billing.queries.usage import RECOUNTED
from core.tenancy import scope
from tests.billing.usage.conftest import NOW, ago, buckets, event
from tests.billing.world import make_meter, make_organization


def body_of(events):
    return json.dumps(events).encode()


def record(tenant, events):
    """Record as the API does; returns words."""
    found = record_usage(tenant_id=tenant.pk, events=read_batch(body_of(events)), now=NOW)
    return [one.verdict for one in found]


def one_by_one(tenant, events):
    """Record the same events of a batch that is not ordinary; returns all of each verdict."""
    return record_usage(tenant_id=tenant.pk, events=list(read_batch(body_of(events))), now=NOW)


ORDINARY = {
    "plain": event(),
    "quantity as a text": event(quantity="12.50"),
    "no quantity": event(quantity=None, meter="count"),
    "no dimensions": event(dimensions={}),
    "two dimensions": event(dimensions={"app": "ü", "region": ""}),
    "another zone": event(time="2026-11-20T10:00:00.5+05:45"),
    "key of other letters": event("заказ-1"),
}
ODD = {
    "backslash": event('a"b'),
    "correction": event(action="void", corrects="x", reason="y"),
    "nanoseconds": event(time="2026-11-20T10:00:00.123456789Z"),
    "no seconds": event(time="2026-11-20T10:00Z"),
    "far offset": event(time="2026-11-20T10:00:00+23:00"),
    "year 1": event(time="0001-01-01T00:00:00+14:00"),
    "two moments in one": event(time="2026-11-20T10:00:00Z\n2026-11-20T10:00:00Z"),
    "exponent": '{"idempotency_key": "k", "organization": "acme", "meter": "sum", '
    '"time": "2026-11-20T10:00:00Z", "quantity": 1e3}',
    "quantity empty": event(quantity=""),
    "quantity of two": event(quantity="1\n2"),
    "quantity null": {**event(), "quantity": None},
    "key blank": event(" "),
    "key too long": event("k" * 201),
    "name twice": '{"idempotency_key": "k", "organization": "acme", "organization": "acme", '
    '"meter": "sum", "time": "2026-11-20T10:00:00Z", "quantity": 1}',
    "unknown field": event(colour="red"),
}


@pytest.mark.parametrize("one", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_batch_is_read_in_columns_that_give_the_same_events(one):
    texts = [one, event("k2", quantity=3)]

    columns = read_batch(json.dumps(texts, ensure_ascii=False).encode())

    slow = read_batch(json.dumps([*texts, 7], ensure_ascii=False).encode())
    assert isinstance(columns, Columns)
    assert list(columns) == slow[:2]


@pytest.mark.parametrize("one", ODD.values(), ids=ODD)
def test_batch_with_an_odd_event_is_read_one_by_one(one):
    text = one if isinstance(one, str) else json.dumps(one)

    found = read_batch(f"[{json.dumps(event('good'))}, {text}]".encode())

    assert type(found) is list


def test_dimension_twice_in_an_ordinary_batch_is_rejected_alone(tenant, organization, meters, send):
    raw = json.dumps(event("k2", dimensions={"app": "a"})).replace(
        '{"app": "a"}', '{"app": "a", "app": "b"}'
    )

    answer = send(f"[{json.dumps(event())}, {raw}]")

    told = answer.json()["results"]
    assert [one["verdict"] for one in told] == ["accepted", "rejected"]
    assert told[1]["pointer"] == "/1/dimensions"


NAMES = st.sampled_from(["acme", "acme", "acme", "other", "gone", "nobody"])
METERS = st.sampled_from(["sum", "sum", "count", "max", "latest", "owing", "old", "nothing"])
DRAWN = st.builds(
    event,
    st.sampled_from([f"k{number}" for number in range(9)]),
    organization=NAMES,
    meter=METERS,
    quantity=st.sampled_from([1, 2, "0.5", "-3", 0, "-0", None]),
    time=st.sampled_from(
        ["2026-11-20T10:00:00Z", "2026-11-20T11:00:00+01:00", ago(days=400), ago(minutes=-9),
         "2026-11-20T22:59:59.999999Z", "2026-11-20T23:00:00Z", "2026-10-02T10:00:00Z"]
    ),
    dimensions=st.sampled_from([None, {}, {"app": "a"}, {"color": "red"}]),
)  # fmt: skip
PLAIN = st.builds(
    event,
    st.integers(0, 30).map("k{}".format),
    meter=st.sampled_from(["sum", "count", "max"]),
    quantity=st.integers(0, 5),
    dimensions=st.sampled_from([{}, {"app": "a"}, {"app": "b", "region": "x"}]),
)


def furnish(tenant):
    make_organization(tenant, closed_through="2026-10-31")
    make_organization(tenant, "other", time_zone="UTC")
    make_organization(tenant, "gone", state="closed")
    for how in ("sum", "count", "max", "latest"):
        make_meter(tenant, how, how)
    make_meter(tenant, "owing", allows_negative=True)
    make_meter(tenant, "old", is_archived=True)


def sums(tenant):
    with scope(tenant.pk):
        rows = UsageBucket.objects.filter(events__gt=0).values_list(
            "organization__code", "day", "meter__code", "dimensions__app", "quantity", "events",
            "last_at",
        )  # fmt: skip
        return sorted(rows, key=str)


def recounted(tenant):
    """The buckets of a tenant, kept and worked out anew."""
    with scope(tenant.pk), connection.cursor() as cursor:
        kept = {
            row.pk: (row.quantity, row.events, row.last_at) for row in UsageBucket.objects.all()
        }
        cursor.execute(RECOUNTED, [list(kept)])
        return kept, {row[0]: row[1:] for row in cursor.fetchall()}


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(batches=st.lists(st.lists(DRAWN, max_size=4) | st.lists(PLAIN, max_size=8), max_size=6))
def test_whole_batches_come_to_what_events_one_by_one_come_to(
    tenant, other_tenant, superuser_connection, batches
):
    for table in ("usageevent", "usagebucket", "meter", "organization"):
        superuser_connection.execute(f"DELETE FROM billing_{table}")
    furnish(tenant)
    furnish(other_tenant)

    for batch in batches:
        together = record_usage(tenant_id=tenant.pk, events=read_batch(body_of(batch)), now=NOW)
        assert together == one_by_one(other_tenant, batch)

    assert sums(tenant) == sums(other_tenant)
    kept, again = recounted(tenant)
    assert kept == again


def test_eight_writers_of_whole_batches_store_each_once(tenant, meters):
    for number in range(5):
        make_organization(tenant, f"o{number}")
    sent = [
        event(f"k{number:05}", organization=f"o{number % 5}", meter=("sum", "count")[number % 2],
              quantity=number % 97, dimensions={"app": f"a{number % 11}"},
              time=f"2026-11-{10 + number % 9}T10:00:00Z")
        for number in range(3000)
    ]  # fmt: skip

    def write(seed):
        mine = sent[:]
        random.Random(seed).shuffle(mine)
        try:
            return [
                word
                for start in range(0, 3000, 500)
                for word in record(tenant, mine[start : start + 500])
            ]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        words = [word for found in threads.map(write, range(8)) for word in found]

    kept, again = recounted(tenant)
    assert (words.count("accepted"), words.count("duplicate")) == (3000, 21000)
    assert kept == again
    assert sum(row[1] for row in kept.values()) == 3000


def test_batch_that_meets_another_before_it_commits_gets_its_verdicts(tenant, organization, meters):
    batch = [event("k0"), event("k1", quantity=7), event("k2"), event("k3")]
    record(tenant, [event("first")])  # so that nobody has to make the bucket
    with ThreadPoolExecutor(1) as threads:
        with scope(tenant.pk):
            record(tenant, [event("k1"), event("k2")])
            writing = threads.submit(_record_and_close, tenant, batch)
            _wait_for_a_waiter()
        words = writing.result(30)

    assert words == ["accepted", "conflict", "duplicate", "accepted"]
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(10), 5)]


def _record_and_close(tenant, batch):
    try:
        return record(tenant, batch)
    finally:
        connections.close_all()


def _wait_for_a_waiter():
    with connection.cursor() as cursor:
        found = False
        while not found:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'transactionid'"
                " AND NOT granted)"
            )
            (found,) = cursor.fetchone()


def test_whole_batch_makes_buckets_again_that_are_gone(
    tenant, organization, meters, superuser_connection
):
    before = record(tenant, [event()])
    superuser_connection.execute("DELETE FROM billing_usageevent")
    superuser_connection.execute("DELETE FROM billing_usagebucket")

    after = record(tenant, [event()])

    assert (before, after) == (["accepted"], ["accepted"])
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(2), 1)]


def test_events_are_stored_as_they_were_sent(tenant, organization, meters):
    record(tenant, [event("ключ", quantity="1.50", time="2026-11-20T10:00:00.25+05:45")])

    with scope(tenant.pk):
        one = UsageEvent.objects.get()
    assert (one.idempotency_key, one.quantity, one.kind) == ("ключ", Decimal("1.5"), "usage")
    assert one.time == datetime(2026, 11, 20, 4, 15, 0, 250000, tzinfo=UTC)
    assert one.received_at == NOW


def test_storing_refuses_the_tenant_that_is_not_in_scope(tenant, other_tenant):
    statement = """SELECT * FROM billing_store_usage(
        %s, now(), '{1}', ARRAY[now()], '{k}', '{1}'::numeric[], 1, '{}')"""

    with (
        pytest.raises(DatabaseError, match="row-level security"),
        scope(tenant.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [other_tenant.pk])


def test_only_organizations_with_alerts_are_looked_at(tenant, organization, meters, send):
    other = make_organization(tenant, "other")
    with scope(tenant.pk):
        Alert.objects.create(
            tenant=tenant, organization=organization, kind="amount", amount_minor=100
        )

    send([event(), event("k2", organization="other")])

    looked_at = [cache.get(f"usage-alerts:{one.pk}") for one in (organization, other)]
    assert looked_at == [1, None]
