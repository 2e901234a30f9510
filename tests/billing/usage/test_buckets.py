"""Buckets: equal to their events, on the right day, whatever comes and in whatever order."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import BillingPeriod, UsageBucket, UsageEvent
from billing.operations.usage import read_event, record_usage
from billing.operations.usage.buckets import forget_buckets
from billing.queries.usage import RECOUNTED, events_of_bucket
from billing.queries.usage_lock import hold_usage
from core.tenancy import scope
from tests.billing.usage.conftest import KINDS, NOW, buckets, event, replace, verdicts, void
from tests.billing.world import make_meter, make_organization


def record(tenant, events):
    found = record_usage(
        tenant_id=tenant.pk, events=[read_event(_texts(one)) for one in events], now=NOW
    )
    return [one.verdict for one in found]


def _texts(one):
    return {**one, "quantity": str(one["quantity"])} if "quantity" in one else one


def kept_and_recounted(tenant):
    """What buckets say, and what their events come to."""
    with scope(tenant.pk), connection.cursor() as cursor:
        kept = {
            row.pk: (row.quantity, row.events, row.last_at) for row in UsageBucket.objects.all()
        }
        cursor.execute(RECOUNTED, [list(kept)])
        return kept, {row[0]: row[1:] for row in cursor.fetchall()}


@pytest.mark.parametrize(
    ("how", "quantity"),
    [("sum", "6.5"), ("count", 3), ("max", "4"), ("latest", "0.5"), ("unique", 2)],
)
@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.usefixtures("organization", "meters")
def test_bucket_adds_up_as_its_meter_says(tenant, send, how, quantity, at_once):
    user = {"a": "u1", "b": "u2", "c": "u1"} if how == "unique" else {}
    sent = [
        event(key, meter=how, quantity=amount, time=f"2026-11-20T{hour}:00:00Z",
              dimensions={"user": user[key]} if user else {})
        for key, amount, hour in [("a", 2, "10"), ("b", 4, "12"), ("c", "0.5", "14")]
    ]  # fmt: skip

    answers = [send(sent)] if at_once else [send([one]) for one in reversed(sent)]

    assert [word for answer in answers for word in verdicts(answer)] == ["accepted"] * 3
    assert buckets(tenant, how) == [("2026-11-20", {}, Decimal(quantity), 3)]


@pytest.mark.parametrize("order", [["a", "b"], ["b", "a"]])
def test_latest_of_one_moment_is_decided_by_key(tenant, organization, meters, send, order):
    for key in order:
        send([event(key, meter="latest", quantity={"a": 5, "b": 3}[key])])

    assert buckets(tenant, "latest") == [("2026-11-20", {}, Decimal(3), 2)]


# Zone, moment, and the day of the zone's clock.
MOMENTS = [
    ("Europe/Amsterdam", "2026-10-24T21:59:59.999999Z", "2026-10-24"),
    ("Europe/Amsterdam", "2026-10-24T22:00:00Z", "2026-10-25"),
    ("Europe/Amsterdam", "2026-10-25T22:59:59Z", "2026-10-25"),
    ("Europe/Amsterdam", "2026-10-25T23:00:00Z", "2026-10-26"),
    ("America/New_York", "2026-11-01T03:59:59Z", "2026-10-31"),
    ("America/New_York", "2026-11-01T04:00:00Z", "2026-11-01"),
    ("America/New_York", "2026-11-02T04:59:59Z", "2026-11-01"),
    ("Asia/Kathmandu", "2026-11-20T18:14:59Z", "2026-11-20"),
    ("Asia/Kathmandu", "2026-11-20T18:15:00Z", "2026-11-21"),
    ("Australia/Lord_Howe", "2026-10-03T13:29:59Z", "2026-10-03"),
    ("Australia/Lord_Howe", "2026-10-03T13:30:00Z", "2026-10-04"),
    ("Pacific/Chatham", "2026-11-20T10:14:59.999999999Z", "2026-11-20"),
    ("Pacific/Chatham", "2026-11-20T10:15:00Z", "2026-11-21"),
    ("Pacific/Kiritimati", "2026-11-20T10:00:00Z", "2026-11-21"),
    ("Pacific/Pago_Pago", "2026-11-20T10:59:59Z", "2026-11-19"),
    ("America/Santiago", "2026-09-06T03:59:59Z", "2026-09-05"),
    ("America/Santiago", "2026-09-06T04:00:00Z", "2026-09-06"),
]


@pytest.mark.parametrize(("zone", "time", "day"), MOMENTS)
@pytest.mark.usefixtures("meters")
def test_day_is_that_of_the_organizations_zone(tenant, send, zone, time, day):
    make_organization(tenant, time_zone=zone)

    answer = send([event(time=time)])

    assert verdicts(answer) == ["accepted"]
    assert [row[0] for row in buckets(tenant)] == [day]


def test_eight_writers_of_the_same_shuffled_events_store_each_once(tenant, meters):
    for number in range(5):
        make_organization(tenant, f"o{number}")
    sent = [
        event(f"k{number:05}", organization=f"o{number % 5}", meter=KINDS[number % 3],
              quantity=number % 97, dimensions={"app": f"a{number % 11}"},
              time=f"2026-11-{10 + number % 9}T10:00:00Z")
        for number in range(5000)
    ]  # fmt: skip
    sent += [event(f"k{number:05}", organization="o0", quantity=999) for number in range(50)]

    def write(seed):
        mine = sent[:5000]
        random.Random(seed).shuffle(mine)
        try:
            return [
                word
                for start in range(0, 5000, 500)
                for word in record(tenant, mine[start : start + 500])
            ]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        words = [word for found in threads.map(write, range(8)) for word in found]

    kept, recounted = kept_and_recounted(tenant)
    assert (words.count("accepted"), words.count("duplicate")) == (5000, 35000)
    assert kept == recounted
    assert sum(row[1] for row in kept.values()) == 5000
    assert set(record(tenant, sent[5000:])) == {"conflict"}


def test_batch_that_dies_leaves_no_event_and_no_quantity(tenant, organization, meters):
    events = [read_event(_texts(event()))]

    with pytest.raises(RuntimeError), scope(tenant.pk):
        record_usage(tenant_id=tenant.pk, events=events, now=NOW)
        raise RuntimeError("killed")

    with scope(tenant.pk):
        assert UsageEvent.objects.count() == 0
    assert buckets(tenant) == []
    assert record(tenant, [event()]) == ["accepted"]


def test_buckets_that_a_process_remembers_but_are_gone_are_made_again(
    tenant, organization, meters, superuser_connection
):
    record(tenant, [event()])
    superuser_connection.execute("DELETE FROM billing_usageevent")
    superuser_connection.execute("DELETE FROM billing_usagebucket")

    assert record(tenant, [event()]) == ["accepted"]
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(2), 1)]


def test_another_process_finds_the_same_bucket(tenant, organization, meters):
    record(tenant, [event(dimensions={"app": "ü", "region": '"'})])
    forget_buckets()

    record(tenant, [event("k2", dimensions={"region": '"', "app": "ü"})])

    assert buckets(tenant) == [("2026-11-20", {"app": "ü", "region": '"'}, Decimal(4), 2)]


def make_period(tenant, organization, state):
    organization.closed_through = date(2026, 10, 31)
    with scope(tenant.pk):
        organization.save()
        return BillingPeriod.objects.create(
            tenant=tenant, organization=organization, state=state,
            starts_on=date(2026, 10, 1), ends_on=date(2026, 11, 1), month=date(2026, 10, 1),
            starts_at=datetime(2026, 9, 30, 22, tzinfo=UTC),
            ends_at=datetime(2026, 10, 31, 23, tzinfo=UTC),
            whole_days=31,
        )  # fmt: skip


@pytest.mark.parametrize("state", ["closed", "invoiced"])
@pytest.mark.parametrize(
    ("time", "is_late"),
    [("2026-10-31T22:59:59Z", True), ("2026-10-31T23:00:00Z", False)],
)
@pytest.mark.usefixtures("meters")
def test_usage_of_a_closed_period_has_it_looked_at_again(
    tenant, organization, state, time, is_late
):
    period = make_period(tenant, organization, state)

    record(tenant, [event(time=time)])

    with scope(tenant.pk):
        period.refresh_from_db()
    assert period.recheck_at == (NOW if is_late else None)


def test_correction_of_usage_of_a_closed_period_has_it_looked_at_again(
    tenant, organization, meters
):
    record(tenant, [event(time="2026-10-05T10:00:00Z")])
    period = make_period(tenant, organization, "invoiced")

    record(tenant, [void("v1", "k1")])

    with scope(tenant.pk):
        period.refresh_from_db()
    assert period.recheck_at == NOW


def test_duplicates_do_not_have_a_period_looked_at_again(tenant, organization, meters):
    record(tenant, [event(time="2026-10-05T10:00:00Z")])
    period = make_period(tenant, organization, "invoiced")

    record(tenant, [event(time="2026-10-05T10:00:00Z")])

    with scope(tenant.pk):
        period.refresh_from_db()
    assert period.recheck_at is None


def test_usage_that_waits_for_a_closing_sees_the_period_closed(tenant, organization, meters):
    with ThreadPoolExecutor(1) as threads, scope(tenant.pk):
        hold_usage(tenant.pk)
        writing = threads.submit(_record_and_close, tenant)
        _wait_for_a_waiter()
        period = make_period(tenant, organization, "closed")
    assert writing.result(20) == ["accepted"]

    with scope(tenant.pk):
        period.refresh_from_db()
    assert period.recheck_at == NOW


def _record_and_close(tenant):
    try:
        return record(tenant, [event(time="2026-10-05T10:00:00Z")])
    finally:
        connections.close_all()


def _wait_for_a_waiter():
    with connection.cursor() as cursor:
        found = False
        while not found:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
            )
            (found,) = cursor.fetchone()


MINUTES = st.integers(0, 8 * 24 * 4).map(lambda n: NOW - timedelta(minutes=15 * n))
NUMBERS = st.decimals(
    min_value=0, max_value=999_999_999_999_999, places=12, allow_nan=False
) | st.integers(0, 9)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["usage", "usage", "usage", "again", "replace", "void"]),
        st.sampled_from(KINDS), NUMBERS, MINUTES, st.sampled_from("abc"), st.integers(0, 30),
    ),
    max_size=40,
)  # fmt: skip


def made(steps):
    """Events out of drawn steps; corrections name some key before them, or none."""
    found = []
    for number, (what, how, quantity, time, app, back) in enumerate(steps):
        target = f"k{number - 1 - back}"
        moment = time.isoformat()
        if what == "again" and found:
            found.append(found[back % len(found)])
        elif what == "replace":
            found.append(replace(f"k{number}", target, quantity=str(quantity), time=moment))
        elif what == "void":
            found.append(void(f"k{number}", target))
        else:
            dimensions = {"app": "x", "user": app} if how == "unique" else {"app": app}
            found.append(event(f"k{number}", meter=how, quantity=str(quantity), time=moment,
                               dimensions=dimensions))  # fmt: skip
    return found


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=STEPS, size=st.integers(1, 12))
def test_buckets_always_equal_their_events(tenant, superuser_connection, steps, size):
    for table in ("usageevent", "usagebucket", "meter", "organization"):
        superuser_connection.execute(f"DELETE FROM billing_{table}")
    make_organization(tenant)
    for how in KINDS:
        make_meter(tenant, how, how)
    sent = made(steps)

    words = [
        word for start in range(0, len(sent), size)
        for word in record(tenant, sent[start : start + size])
    ]  # fmt: skip

    kept, recounted = kept_and_recounted(tenant)
    assert kept == recounted
    with scope(tenant.pk):
        assert UsageEvent.objects.count() == words.count("accepted")
        for bucket in UsageBucket.objects.all():
            assert events_of_bucket(bucket.pk).count() == bucket.events


def test_events_and_buckets_of_another_tenant_stay_hidden(
    tenant, other_tenant, organization, meters
):
    record(tenant, [event()])

    with scope(other_tenant.pk):
        assert (UsageEvent.objects.count(), UsageBucket.objects.count()) == (0, 0)


def test_writers_that_do_not_know_the_buckets_yet_meet_in_no_circle(tenant, organization, meters):
    """Making buckets and counting in them lock the same rows, in one order."""
    apps = [f"a{number}" for number in range(200)]

    def write(seed):
        mine = [
            event(f"{seed}-{number}-{app}", dimensions={"app": app})
            for number in range(5)
            for app in random.Random(seed * 5 + number).sample(apps, len(apps))
        ]
        try:
            for start in range(0, 1000, 100):
                forget_buckets()
                record(tenant, mine[start : start + 100])
        finally:
            connections.close_all()

    before = _deadlocks()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(4)))

    assert _deadlocks() == before
    assert sum(row[3] for row in buckets(tenant)) == 4000


def _deadlocks():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]
