"""Verdicts: one for each event, whatever came with it."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import pytest

from billing.models import UsageEvent
from billing.operations.settings import change_settings
from core.tenancy import scope
from tests.billing.usage.conftest import ago, buckets, event, verdicts
from tests.billing.world import make_meter, make_organization

pytestmark = pytest.mark.usefixtures("organization", "meters")

RAW = (
    '{"idempotency_key": "bad", "organization": "acme", "meter": "sum", '
    '"time": "2026-11-20T10:00:00Z", "quantity": %s}'
)
NO_ID = "00000000-0000-0000-0000-000000000000"
LONG_AGO, AHEAD = ago(days=367), ago(minutes=-6)
# What is wrong, and where the verdict points.
BAD = {
    "no object": (7, "/0"),
    "a list": ([], "/0"),
    "null": (None, "/0"),
    "a text": ("x", "/0"),
    "nothing in it": ({}, "/0/idempotency_key"),
    "key null": ({**event(), "idempotency_key": None}, "/0/idempotency_key"),
    "key number": (event(idempotency_key=7), "/0/idempotency_key"),
    "key list": (event(idempotency_key=["a"]), "/0/idempotency_key"),
    "key true": (event(idempotency_key=True), "/0/idempotency_key"),
    "key empty": (event(""), "/0/idempotency_key"),
    "key blank": (event("  "), "/0/idempotency_key"),
    "key too long": (event("k" * 201), "/0/idempotency_key"),
    "key with NUL": (event("a\0b"), "/0/idempotency_key"),
    "key with newline": (event("a\nb"), "/0/idempotency_key"),
    "key with DEL": (event("a\x7fb"), "/0/idempotency_key"),
    "key with C1": (event("a\x85b"), "/0/idempotency_key"),
    "key of half a character": (event("\ud800"), "/0/idempotency_key"),
    "organization missing": (event(organization=None), "/0/organization"),
    "organization null": ({**event(), "organization": None}, "/0/organization"),
    "organization number": (event(organization=1), "/0/organization"),
    "organization empty": (event(organization=""), "/0/organization"),
    "organization unknown": (event(organization="nobody"), "/0/organization"),
    "organization of other case": (event(organization="ACME"), "/0/organization"),
    "organization unknown id": (event(organization=NO_ID), "/0/organization"),
    "organization too long": (event(organization="o" * 65), "/0/organization"),
    "organization with NUL": (event(organization="ac\0me"), "/0/organization"),
    "meter missing": (event(meter=None), "/0/meter"),
    "meter unknown": (event(meter="nothing"), "/0/meter"),
    "meter object": (event(meter={}), "/0/meter"),
    "meter half a character": (event(meter="\udfff"), "/0/meter"),
    "meter archived": (event(meter="old"), "/0/meter"),
    "organization closed": (event(organization="gone"), "/0/organization"),
    "quantity missing": (event(quantity=None), "/0/quantity"),
    "quantity missing, largest": (event(quantity=None, meter="max"), "/0/quantity"),
    "quantity null": ({**event(), "quantity": None}, "/0/quantity"),
    "quantity true": (event(quantity=True), "/0/quantity"),
    "quantity list": (event(quantity=[1]), "/0/quantity"),
    "quantity object": (event(quantity={"n": 1}), "/0/quantity"),
    "quantity empty": (event(quantity=""), "/0/quantity"),
    "quantity word": (event(quantity="many"), "/0/quantity"),
    "quantity NaN": (event(quantity=float("nan")), "/0/quantity"),
    "quantity Infinity": (event(quantity=float("inf")), "/0/quantity"),
    "quantity -Infinity": (event(quantity=float("-inf")), "/0/quantity"),
    "quantity text NaN": (event(quantity="NaN"), "/0/quantity"),
    "quantity text sNaN": (event(quantity="sNaN"), "/0/quantity"),
    "quantity text Infinity": (event(quantity="Infinity"), "/0/quantity"),
    "quantity text -inf": (event(quantity="-inf"), "/0/quantity"),
    "quantity 13 decimals": (event(quantity="0.0000000000001"), "/0/quantity"),
    "quantity 13 decimals, number": (RAW % "0.1234567890123", "/0/quantity"),
    "quantity 13 decimals by exponent": (RAW % "1e-13", "/0/quantity"),
    "quantity 16 digits": (event(quantity=10**15), "/0/quantity"),
    "quantity 16 digits by exponent": (RAW % "1e15", "/0/quantity"),
    "quantity beyond all": (RAW % "1e9999", "/0/quantity"),
    "quantity beyond reading": (RAW % "1e999999999999999999999", "/0/quantity"),
    "quantity of 5000 digits": (RAW % ("9" * 5000), "/0/quantity"),
    "quantity sum of floats": (event(quantity=0.1 + 0.2), "/0/quantity"),
    "quantity underscore": (event(quantity="1_000"), "/0/quantity"),
    "quantity comma": (event(quantity="1,5"), "/0/quantity"),
    "quantity blank": (event(quantity=" 1"), "/0/quantity"),
    "quantity plus": (event(quantity="+1"), "/0/quantity"),
    "quantity hexadecimal": (event(quantity="0x10"), "/0/quantity"),
    "quantity of other digits": (event(quantity="١٢"), "/0/quantity"),
    "quantity negative": (event(quantity=-1), "/0/quantity"),
    "quantity negative, little": (event(quantity="-0.000000000001"), "/0/quantity"),
    "quantity negative, counted": (event(quantity=-1, meter="count"), "/0/quantity"),
    "time missing": (event(time=None), "/0/time"),
    "time number": (event(time=1_790_000_000), "/0/time"),
    "time null": ({**event(), "time": None}, "/0/time"),
    "time without zone": (event(time="2026-11-20T10:00:00"), "/0/time"),
    "time only day": (event(time="2026-11-20"), "/0/time"),
    "time 13th month": (event(time="2026-13-20T10:00:00Z"), "/0/time"),
    "time 30 February": (event(time="2026-02-30T10:00:00Z"), "/0/time"),
    "time 24:00": (event(time="2026-11-20T24:00:00Z"), "/0/time"),
    "time year 0": (event(time="0000-01-01T00:00:00Z"), "/0/time"),
    "time year 1": (event(time="0001-01-01T00:00:00+14:00"), "/0/time"),
    "time year 9999": (event(time="9999-12-31T23:59:59-14:00"), "/0/time"),
    "time odd offset": (event(time="2026-11-20T10:00:00+99:00"), "/0/time"),
    "time too old": (event(time=LONG_AGO), "/0/time"),
    "time ahead": (event(time=AHEAD), "/0/time"),
    "time before billing": (event(organization="newest"), "/0/time"),
    "dimensions null": ({**event(), "dimensions": None}, "/0/dimensions"),
    "dimensions list": (event(dimensions=["app"]), "/0/dimensions"),
    "dimensions text": (event(dimensions="app"), "/0/dimensions"),
    "dimension undeclared": (event(dimensions={"color": "red"}), "/0/dimensions/color"),
    "dimension number": (event(dimensions={"app": 1}), "/0/dimensions/app"),
    "dimension null": (event(dimensions={"app": None}), "/0/dimensions/app"),
    "dimension list": (event(dimensions={"app": ["a"]}), "/0/dimensions/app"),
    "dimension too long": (event(dimensions={"app": "a" * 201}), "/0/dimensions/app"),
    "dimension NUL": (event(dimensions={"app": "a\0"}), "/0/dimensions/app"),
    "dimension tab": (event(dimensions={"app": "a\tb"}), "/0/dimensions/app"),
    "dimension half a character": (event(dimensions={"app": "\udc00"}), "/0/dimensions/app"),
    "dimension odd name": (event(dimensions={"a/b~": "x"}), "/0/dimensions/a~1b~0"),
    "different by nothing": (event(meter="unique", quantity=None), "/0/dimensions"),
    "different by empty": (event(meter="unique", dimensions={"user": ""}), "/0/dimensions"),
    "unknown field": (event(colour="red"), "/0/colour"),
    "field twice": (RAW % '1, "quantity": 1', "/0/quantity"),
    "key twice": (RAW % '1, "idempotency_key": "other"', "/0/idempotency_key"),
    "dimension twice": (RAW % '1, "dimensions": {"app": "a", "app": "b"}', "/0/dimensions"),
    "corrects alone": (event(corrects="x"), "/0/corrects"),
    "reason alone": (event(reason="x"), "/0/reason"),
    "action unknown": (event(action="delete"), "/0/action"),
    "action null": ({**event(), "action": None}, "/0/action"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _others(tenant):
    make_meter(tenant, "old", is_archived=True)
    make_organization(tenant, "gone", state="closed")
    make_organization(tenant, "newest", billing_starts_on="2026-11-21")


@pytest.mark.parametrize(("bad", "pointer"), BAD.values(), ids=BAD)
def test_bad_event_is_rejected_alone_and_the_rest_goes_in(tenant, send, bad, pointer):
    text = bad if isinstance(bad, str) and bad.startswith("{") else json.dumps(bad)

    answer = send(f"[{text}, {json.dumps(event('good'))}]")

    told = answer.json()
    assert verdicts(answer) == ["rejected", "accepted"]
    assert (told["results"][0]["pointer"], told["results"][0]["index"]) == (pointer, 0)
    assert told["results"][0]["reason"][-1] in ".?"
    assert told["counts"] == {"accepted": 1, "duplicate": 0, "conflict": 0, "rejected": 1}
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(2), 1)]


QUANTITIES = {
    "0.1": "0.1",
    "1e3": "1000",
    "1E-5": "0.00001",
    '"12.50"': "12.5",
    "999999999999999.999999999999": "999999999999999.999999999999",
    "-0": "0",
    '"1.50000000000000000"': "1.5",
    '"007"': "7",
    "0": "0",
}


@pytest.mark.parametrize(("sent", "stored"), QUANTITIES.items(), ids=QUANTITIES)
def test_quantity_is_taken_exactly(tenant, send, sent, stored):
    answer = send(f"[{RAW % sent}]")

    assert verdicts(answer) == ["accepted"]
    with scope(tenant.pk):
        assert UsageEvent.objects.get().quantity == Decimal(stored)


def test_same_content_is_a_duplicate_however_it_is_written(tenant, send, organization, meters):
    send([event(dimensions={"app": "a", "region": "b"}, quantity=2)])

    answer = send(
        [
            event(dimensions={"region": "b", "app": "a"}, quantity="2.000"),
            event(
                dimensions={"app": "a", "region": "b"},
                time="2026-11-20T11:00:00.000000+01:00",
                organization=str(organization.pk).upper(),
                meter=str(meters["sum"].pk),
            ),
        ]
    )

    assert verdicts(answer) == ["duplicate", "duplicate"]
    assert buckets(tenant) == [("2026-11-20", {"app": "a", "region": "b"}, Decimal(2), 1)]


OTHERS = {
    "quantity": {"quantity": 3},
    "time": {"time": "2026-11-20T10:00:00.000001Z"},
    "another month": {"time": "2026-09-01T10:00:00Z"},
    "long ago": {"time": LONG_AGO},
    "ahead": {"time": AHEAD},
    "dimensions": {"dimensions": {"app": "a"}},
    "meter": {"meter": "max"},
    "organization": {"organization": "other"},
    "closed organization": {"organization": "gone"},
    "archived meter": {"meter": "old"},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_content_under_a_key_is_a_conflict_that_changes_nothing(tenant, send, other):
    make_organization(tenant, "other")
    before = send([event()])

    answer = send([event(**other), event("k2")])

    assert verdicts(before) == ["accepted"]
    assert verdicts(answer) == ["conflict", "accepted"]
    assert answer.json()["results"][0]["pointer"] == "/0/idempotency_key"
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(4), 2)]


def test_within_a_batch_the_first_of_a_key_counts(tenant, send):
    answer = send([event(), event(), event(quantity=3), event(time=LONG_AGO), event("k2")])

    assert verdicts(answer) == ["accepted", "duplicate", "conflict", "conflict", "accepted"]
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(4), 2)]


def test_rejected_first_leaves_its_key_to_the_next(tenant, send):
    answer = send([event(time=LONG_AGO), event(quantity=-1), event(), event()])

    assert verdicts(answer) == ["rejected", "rejected", "accepted", "duplicate"]
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(2), 1)]


def test_repeated_event_stays_a_duplicate_when_it_could_not_come_in_any_more(
    tenant, send, organization
):
    send([event()])
    with scope(tenant.pk):
        organization.state = "closed"
        organization.save()

    answer = send([event(), event("k2")])

    assert verdicts(answer) == ["duplicate", "rejected"]


def test_foreign_and_unknown_names_are_rejected_in_the_same_words(send, other_tenant):
    foreign = make_organization(other_tenant, "theirs")
    meter = make_meter(other_tenant, "theirs")

    answer = send(
        [
            event(organization=name)
            for name in ("theirs", "nobody", str(foreign.pk))
        ]
        + [event(meter=name) for name in ("theirs", "nobody", str(meter.pk))]
    )  # fmt: skip

    assert verdicts(answer) == ["rejected"] * 6
    assert len({one["reason"] for one in answer.json()["results"]}) == 1


def test_two_tenants_use_the_same_key(tenant, other_tenant, send):
    make_organization(other_tenant)
    make_meter(other_tenant, "sum")
    from billing.operations.usage import read_event, record_usage
    from tests.billing.usage.conftest import NOW

    theirs = record_usage(tenant_id=other_tenant.pk, events=[read_event(_texts())], now=NOW)
    answer = send([event(quantity=7)])

    assert [one.verdict for one in theirs] == ["accepted"]
    assert verdicts(answer) == ["accepted"]
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(7), 1)]
    assert buckets(other_tenant) == [("2026-11-20", {}, Decimal(2), 1)]


def _texts():
    return event(quantity="2")


BODIES = {
    "no JSON": (b"{", 400),
    "empty": (b"", 400),
    "an object": (b"{}", 400),
    "an object of events": (b'{"events": []}', 400),
    "a number": (b"1", 400),
    "a text": (b'"x"', 400),
    "null": (b"null", 400),
    "NaN": (b"NaN", 400),
    "not UTF-8": (b'["\xff"]', 400),
    "too deep": (b"[" * 100_000, 400),
    "control character": (b'["a\x01b"]', 400),
    "two lists": (b"[][]", 400),
    "1001 nulls": (b"[" + b"null," * 1000 + b"null]", 413),
    "too large": (b"[" + b" " * (4 * 1024 * 1024) + b"]", 413),
    "unpacks to too much": (gzip.compress(b"[" + b" " * (5 * 1024 * 1024) + b"]"), 413),
    "broken gzip": (gzip.compress(b"[]")[:-4], 400),
    "no gzip": (b"[]", 400),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_body_that_is_no_list_of_events_is_refused_as_a_whole(send, request, body, status):
    packed = "gzip" in request.node.callspec.id or "unpacks" in request.node.callspec.id

    answer = send(body, **({"Content-Encoding": "gzip"} if packed else {}))

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_1001_events_are_too_many_and_none_is_stored(tenant, send):
    answer = send([event(f"k{number}") for number in range(1001)])

    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_events")
    assert buckets(tenant) == []


def test_1000_events_and_none_at_all_are_taken(tenant, send):
    full = send([event(f"k{number}", quantity="0.001") for number in range(1000)])
    none = send([])

    assert full.json()["counts"]["accepted"] == 1000
    assert (none.status_code, none.json()["results"]) == (200, [])
    assert buckets(tenant) == [("2026-11-20", {}, Decimal(1), 1000)]


def test_gzip_is_unpacked(tenant, send):
    answer = send(gzip.compress(json.dumps([event()]).encode()), **{"Content-Encoding": "gzip"})

    assert verdicts(answer) == ["accepted"]


def test_other_encoding_or_type_is_refused(sender):
    encoded = sender.post(
        "/api/usage-events/", "[]", content_type="application/json",
        headers={"Content-Encoding": "br"},
    )  # fmt: skip
    typed = sender.post("/api/usage-events/", "[]", content_type="text/csv")

    assert (encoded.status_code, typed.status_code) == (415, 415)


def test_one_without_the_scope_sends_nothing(client, sender, tenant, counselor):
    from tests.core.api.conftest import bearer

    nobody = client.post("/api/usage-events/", "[]", content_type="application/json")
    reader = bearer(counselor).post("/api/usage-events/", "[]", content_type="application/json")

    assert (nobody.status_code, reader.status_code) == (401, 403)


def test_admin_sends_with_a_token(admin, organization):
    from tests.core.api.conftest import bearer

    answer = bearer(admin).post(
        "/api/usage-events/", json.dumps([event()]), content_type="application/json"
    )

    assert verdicts(answer) == ["accepted"]


def test_company_may_take_less_old_usage_than_the_server_does(send, organization, meters, tenant):
    old, older = ago(days=40), ago(days=60)
    with scope(tenant.pk):
        change_settings(changes={"grace_hours": 1})
    before = verdicts(send([event("k1", time=old)]))
    with scope(tenant.pk):
        change_settings(changes={"oldest_usage_days": 50})

    after = verdicts(send([event("k2", time=old), event("k3", time=older)]))
    with scope(tenant.pk):
        change_settings(changes={"oldest_usage_days": None})
    again = verdicts(send([event("k4", time=older)]))

    assert (before, after, again) == (["accepted"], ["accepted", "rejected"], ["accepted"])
