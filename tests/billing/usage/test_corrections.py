"""Corrections: an event takes the place of another one, or takes it out of the count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections

from tests.billing.usage.conftest import ago, buckets, event, replace, verdicts, void
from tests.billing.usage.test_buckets import kept_and_recounted, record

pytestmark = pytest.mark.usefixtures("organization", "meters")


def reasons(answer):
    return [one.get("reason") for one in answer.json()["results"]]


def test_void_takes_an_event_out_of_the_count(tenant, send):
    send([event(), event("k2", quantity=5)])

    answer = send([void("v1", "k1")])

    assert verdicts(answer) == ["accepted"]
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(5), 1)]


def test_replacement_changes_quantity_time_and_dimensions(tenant, send):
    send([event(dimensions={"app": "a"})])

    answer = send(
        [replace("r1", "k1", quantity=9, time="2026-11-19T10:00:00Z", dimensions={"app": "b"})]
    )

    assert verdicts(answer) == ["accepted"]
    assert buckets(tenant) == [("2026-11-19", {"app": "b"}, Decimal(9), 1)]


def test_replacement_keeps_what_it_leaves_out(tenant, send):
    send([event(dimensions={"app": "a"})])

    send([replace("r1", "k1", quantity="0.5")])

    assert buckets(tenant) == [("2026-11-20", {"app": "a"}, Decimal("0.5"), 1)]


@pytest.mark.parametrize(
    ("how", "before", "after"), [("max", 9, 4), ("latest", 9, 4), ("unique", 2, 1)]
)
def test_what_cannot_be_subtracted_is_worked_out_anew(tenant, send, how, before, after):
    dimensions = {"a": {"user": "x"}, "b": {"user": "y"}} if how == "unique" else {}
    send(
        [
            event(key, meter=how, quantity=quantity, time=f"2026-11-20T{hour}:00:00Z",
                  dimensions=dimensions.get(key))
            for key, quantity, hour in [("a", 4, "10"), ("b", 9, "11")]
        ]
    )  # fmt: skip
    was = buckets(tenant, how)

    send([void("v", "b")])

    assert (was[0][2], buckets(tenant, how)[0][2]) == (before, after)
    kept, recounted = kept_and_recounted(tenant)
    assert kept == recounted


def test_chain_of_corrections_is_followed_by_its_last_link(tenant, send):
    answer = send(
        [
            event(),
            replace("r1", "k1", quantity=3),
            replace("r2", "r1", quantity=4),
            void("v1", "r2"),
            event("k2", quantity=1),
        ]
    )

    assert verdicts(answer) == ["accepted"] * 5
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(1), 1)]


def test_event_is_corrected_once_and_the_other_correction_is_told_by_which_key(tenant, send):
    send([event(), replace("r1", "k1", quantity=3)])

    answer = send([void("v1", "k1"), void("v2", "r1"), void("v3", "v2")])

    assert verdicts(answer) == ["rejected", "accepted", "rejected"]
    assert reasons(answer)[0] == "It was corrected before, by r1. Correct that one instead."
    assert "void" in reasons(answer)[2]
    assert answer.json()["results"][0]["pointer"] == "/0/corrects"


def test_correction_sent_again_is_a_duplicate_and_with_other_content_a_conflict(tenant, send):
    send([event(), replace("r1", "k1", quantity=3)])

    answer = send(
        [
            replace("r1", "k1", quantity="3.0"),
            replace("r1", "k1", quantity=4),
            void("r1", "k1"),
            event("r1", quantity=3),
            void("k1", "r1"),
        ]
    )

    assert verdicts(answer) == ["duplicate", "conflict", "conflict", "conflict", "conflict"]
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(3), 1)]


BAD = {
    "unknown target": (void("v", "nothing"), "corrects"),
    "own key": (void("v", "v"), "corrects"),
    "no target": ({**void("v", "k1"), "corrects": ""}, "corrects"),
    "no reason": ({k: v for k, v in void("v", "k1").items() if k != "reason"}, "reason"),
    "empty reason": (void("v", "k1", reason=" "), "reason"),
    "void with quantity": (void("v", "k1", quantity=0), "quantity"),
    "void with time": (void("v", "k1", time="2026-11-20T10:00:00Z"), "time"),
    "void of another meter": (void("v", "k1", meter="max"), "meter"),
    "void of another organization": (void("v", "k1", organization="nobody"), "organization"),
    "replacement with nothing": (replace("v", "k1"), "action"),
    "replacement negative": (replace("v", "k1", quantity=-1), "quantity"),
    "replacement too old": (replace("v", "k1", time=ago(days=400)), "time"),
    "replacement ahead": (replace("v", "k1", time=ago(hours=-1)), "time"),
    "replacement undeclared": (replace("v", "k1", dimensions={"z": "z"}), "dimensions/z"),
}


@pytest.mark.parametrize(("bad", "field"), BAD.values(), ids=BAD)
def test_correction_that_does_not_fit_is_rejected_alone(tenant, send, bad, field):
    send([event()])

    answer = send([bad, event("k2")])

    assert verdicts(answer) == ["rejected", "accepted"]
    assert answer.json()["results"][0]["pointer"] == f"/0/{field}"
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(4), 2)]


def test_event_of_another_tenant_cannot_be_corrected(tenant, other_tenant, send):
    from tests.billing.world import make_meter, make_organization

    make_organization(other_tenant)
    make_meter(other_tenant, "sum")
    record(other_tenant, [event("theirs")])

    answer = send([void("v1", "theirs")])

    assert verdicts(answer) == ["rejected"]
    assert buckets(other_tenant) == [("2026-11-20", {}, Decimal(2), 1)]


def test_of_many_corrections_at_once_one_wins(tenant):
    record(tenant, [event()])

    def correct(number):
        try:
            return record(tenant, [replace(f"r{number}", "k1", quantity=number)])[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        words = list(threads.map(correct, range(6)))

    assert sorted(words) == ["accepted", *["rejected"] * 5]
    kept, recounted = kept_and_recounted(tenant)
    assert kept == recounted
    assert buckets(tenant)[0][2] == words.index("accepted")
