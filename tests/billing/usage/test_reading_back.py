"""Usage read back: pages of events, one event with its chain."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.billing.usage.conftest import event, replace, void
from tests.billing.world import make_meter, make_organization

pytestmark = pytest.mark.usefixtures("organization", "meters")
LIST = "/api/usage-events/"


@pytest.fixture
def some(send):
    """Events on three days, in two meters and two buckets each; two of one moment."""
    send(
        [
            event(f"k{number:02}", meter=("sum", "max")[number % 2], quantity=number,
                  dimensions={"app": f"a{number % 3}"},
                  time=f"2026-11-{18 + number // 8}T{10 + number % 8 // 2}:00:00Z")
            for number in range(24)
        ]
    )  # fmt: skip


def keys(answer):
    return [one["idempotency_key"] for one in answer.json()["items"]]


def walk(sender, address, link="next"):
    found = []
    while address:
        answer = sender.get(address)
        found.append(keys(answer))
        address = answer.json()[link]
    return found


def test_pages_hold_each_event_once_newest_first(sender, some):
    pages = walk(sender, f"{LIST}?organization=acme&limit=5")

    assert [key for page in pages for key in page] == [f"k{n:02}" for n in range(23, -1, -1)]
    assert [len(page) for page in pages] == [5, 5, 5, 5, 4]


def test_previous_leads_back_over_the_same_pages(sender, some):
    first = sender.get(f"{LIST}?organization=acme&limit=9")
    second = sender.get(first.json()["next"])
    third = sender.get(second.json()["next"])

    back = walk(sender, third.json()["previous"], "previous")

    assert back == [keys(second), keys(first)]


FILTERS = {
    "meter=sum": [22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0],
    "day=2026-11-19": [15, 14, 13, 12, 11, 10, 9, 8],
    "from=2026-11-20": [23, 22, 21, 20, 19, 18, 17, 16],
    "to=2026-11-18": [7, 6, 5, 4, 3, 2, 1, 0],
    "from=2026-11-19&to=2026-11-19&meter=max": [15, 13, 11, 9],
    "corrected=true": [3, 2],
    "corrected=true&meter=max": [3],
    "day=0001-01-01": [],
    "from=9999-12-31": [],
}


@pytest.mark.parametrize(("query", "numbers"), FILTERS.items(), ids=FILTERS)
def test_filters_leave_what_they_say(sender, send, some, query, numbers):
    send([void("v2", "k02"), void("v3", "k03")])

    found = keys(sender.get(f"{LIST}?organization=acme&limit=100&{query}"))

    assert [key for key in found if key[0] == "k"] == [f"k{number:02}" for number in numbers]


def test_uncorrected_ones_are_all_others(sender, send, some):
    send([void("v2", "k02")])

    found = keys(sender.get(f"{LIST}?organization=acme&limit=100&corrected=false"))

    assert (len(found), "k02" in found, "v2" in found) == (24, False, True)


def test_event_is_told_exactly_and_with_its_chain(sender, send):
    send([event("a/b", quantity="1.50", meter="unique", dimensions={"user": "u", "app": "x"})])
    send([replace("r1", "a/b", quantity=3, time="2026-11-19T22:59:59Z"), void("v1", "r1")])

    listed = sender.get(f"{LIST}?organization=acme").json()["items"]
    one = sender.get(f"{LIST}r1/").json()

    assert [(e["idempotency_key"], e["counts"], e["corrected_by"]) for e in one["chain"]] == [
        ("a/b", False, "r1"), ("r1", False, "v1"), ("v1", False, None),
    ]  # fmt: skip
    assert {name: one["chain"][0][name] for name in ("quantity", "dimensions", "day", "time")} == {
        "quantity": "1.5", "dimensions": {"app": "x", "user": "u"}, "day": "2026-11-20",
        "time": "2026-11-20T10:00:00Z",
    }  # fmt: skip
    assert (one["idempotency_key"], one["day"], one["reason"]) == ("r1", "2026-11-19", "Mistake")
    assert [e["idempotency_key"] for e in listed] == ["a/b", "v1", "r1"]


OURS = "?organization=acme"
BAD = [
    "",
    "?organization=",
    "?organization=nobody",
    "?organization=%00",
    OURS + "&meter=no",
    OURS + "&day=2026-02-30",
    OURS + "&day=20261120",
    OURS + "&from=x",
    OURS + "&day=2026-11-20&to=2026-11-21",
    OURS + "&corrected=yes",
    OURS + "&limit=0",
    OURS + "&limit=101",
    OURS + "&cursor=x",
    OURS + "&cursor=WyJhIl0",
    OURS + "&color=1",
    OURS + "&cursor=WyIwMDAxLTAxLTAxIiwgImEiLCAiMjAyNi0wMS0wMSJd",
]


@pytest.mark.parametrize("query", BAD)
def test_bad_parameter_is_told_by_name(sender, query):
    answer = sender.get(LIST + query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] in query or query == ""


def test_events_of_another_tenant_are_not_found(sender, other_tenant):
    from tests.billing.usage.test_buckets import record

    make_organization(other_tenant, "theirs")
    make_meter(other_tenant, "sum")
    record(other_tenant, [event("secret", organization="theirs")])

    assert sender.get(f"{LIST}?organization=theirs").status_code == 400
    assert sender.get(f"{LIST}secret/").status_code == 404
    assert sender.get(f"{LIST}a%00b/").status_code == 404


def test_list_costs_the_same_for_one_and_for_thirty(sender, send):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert sender.get(f"{LIST}?organization=acme&limit=100").status_code == 200
        return len(found)

    send([event()])
    for_one = queries()
    send([event(f"k{number}", dimensions={"app": f"a{number}"}) for number in range(2, 31)])

    assert queries() == for_one


def test_schema_describes_the_fields_that_are_read(sender):
    from billing.api.usage_fields import UsageEventIn
    from billing.operations.usage.reading import FIELDS

    assert list(UsageEventIn().fields) == list(FIELDS)


def test_schema_has_the_endpoints(client):
    paths = client.get("/api/schema/").json()["paths"]

    assert set(paths["/api/usage-events/"]) == {"get", "post"}
    assert set(paths["/api/usage-events/{idempotency_key}/"]) == {"get"}
