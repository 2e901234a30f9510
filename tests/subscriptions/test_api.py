"""The clubs API: the paths and payloads of its description, and everything else refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Tenant, User
from core.operations.tokens import issue_tokens
from core.tenancy import scope
from subscriptions.models import Club, ClubStatus, Subscription, SubscriptionStatusChange
from subscriptions.operations.clubs import make_club, set_club_status
from subscriptions.operations.shop_accounts import connect_shop
from subscriptions.operations.status import change_status
from subscriptions.operations.subscribing import subscribe
from tests.servers import free_port
from tests.stripe import Sandbox
from tests.subscriptions.conftest import CUSTOMER, LONG_AGO
from tests.subscriptions.programs import Program, listed, program

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def api(tenant: Tenant, club: Club) -> Program:
    """A program with all scopes, of a tenant with an active club."""
    return program(tenant)


@pytest.fixture
def shop(tenant: Tenant, sandbox: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """The sandbox's shop, with credentials of `tenant`."""
    settings.SHOP_URL = f"{sandbox.base}/shop"
    with scope(tenant.pk):
        connect_shop(api_key="amber", api_secret="shop_test_12345678")
    yield sandbox
    sandbox.control("DELETE", "faults")


def joined(api: Program, customer: str = CUSTOMER) -> str:
    answer = api.call("POST", "/club/1/subscribe/", {"customer_id": customer})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["subscription_id"])


def refused(answer: Any) -> tuple[int, str, list[str]]:
    body = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    places = [e.get("pointer") or e.get("parameter") or "" for e in body["errors"]]
    return answer.status_code, body["code"], places


PREFIXES = pytest.mark.parametrize("prefix", ["", "/api"])
SLASHES = pytest.mark.parametrize("slash", ["", "/"])


@PREFIXES
@SLASHES
def test_description_is_kept_to_the_letter(
    prefix: str, slash: str, api: Program, shop: Sandbox
) -> None:
    made = api.call("POST", f"{prefix}/club/1/subscribe{slash}", {"customer_id": CUSTOMER})
    one = made.json()["subscription_id"]
    status = api.call("POST", f"{prefix}/subscription/{one}/status{slash}", {"status_id": 1})
    found = listed(api.call("GET", f"{prefix}/subscription/eligible{slash}"))
    charged = api.call("POST", f"{prefix}/subscription/{one}/charge/request-1{slash}")

    assert (made.status_code, status.status_code, charged.status_code) == (201, 200, 200)
    assert found == [one]
    assert charged.json()["order"]["customer_id"] == CUSTOMER


def test_subscription_is_answered_with_its_id(api: Program) -> None:
    body = api.call("POST", "/club/1/subscribe/", {"customer_id": CUSTOMER}).json()

    assert body["id"] == body["subscription_id"]
    assert (body["club_id"], body["customer_id"], body["status_id"]) == (1, CUSTOMER, 1)


@pytest.mark.parametrize(("status", "code"), [(2, "club_closed"), (3, "club_inactive")])
def test_club_that_is_not_active_says_which(
    status: int, code: str, api: Program, club: Club
) -> None:
    with scope(club.tenant_id):
        set_club_status(club=club, status=status, now=LONG_AGO + DAY)

    answer = api.call("POST", "/club/1/subscribe/", {"customer_id": CUSTOMER})

    assert refused(answer) == (409, code, [])


def test_second_subscription_names_the_first(api: Program) -> None:
    first = joined(api)

    answer = api.call("POST", "/club/1/subscribe/", {"customer_id": CUSTOMER})

    assert refused(answer) == (409, "already_subscribed", ["#/customer_id"])
    assert first in answer.json()["detail"]


@pytest.mark.parametrize("number", ["2", "0", "99999999999999999999", "9" * 5000, "x", "-1", "1.0"])
def test_unknown_club_is_not_found(number: str, api: Program) -> None:
    answer = api.call("POST", f"/api/club/{number}/subscribe/", {"customer_id": CUSTOMER})

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"customer_id": 7},
        {"customer_id": None},
        {"customer_id": ""},
        {"customer_id": "   "},
        {"customer_id": "x" * 37},
        {"customer_id": "a\u0000b"},
        {"customer_id": "a\nb"},
        {"customer_id": "\ud800"},
        {"customer_id": ["a"]},
        {"customer_id": CUSTOMER, "club": 1},
        b"{",
        b"",
    ],
)
def test_bad_customer_is_a_mistake_of_the_caller(body: Any, api: Program) -> None:
    assert api.call("POST", "/club/1/subscribe/", body).status_code == 400


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"status_id": 4}, "#/status_id"),
        ({"status_id": "1"}, "#/status_id"),
        ({"status_id": True}, "#/status_id"),
        ({"status_id": 10**30}, "#/status_id"),
        ({}, "#/status_id"),
        ({"status_id": 3, "interval": 0}, "#/interval"),
        ({"status_id": 3, "interval": 1.5}, "#/interval"),
        ({"status_id": 1, "interval": 5}, "#/interval"),
        ({"status_id": 2, "effect_date": "2019-02-18T12:25:56.563000"}, "#/effect_date"),
        ({"status_id": 2, "effect_date": "0000-01-01T00:00:00"}, "#/effect_date"),
        ({"status_id": 2, "effect_date": "9999-12-31T23:59:59"}, "#/effect_date"),
        ({"status_id": 2, "effect_date": "9999-12-31T23:59:59-14:00"}, "#/effect_date"),
        ({"status_id": 2, "effect_date": "2030-02-30T00:00:00"}, "#/effect_date"),
        ({"status_id": 2, "effect_date": "2030-02-03"}, "#/effect_date"),
        ({"status_id": 2, "effect_date": 1900000000}, "#/effect_date"),
        ({"status_id": 2, "details": "x" * 501}, "#/details"),
        ({"status_id": 2, "details": 5}, "#/details"),
        ({"status_id": 2, "when": "now"}, "#/when"),
    ],
)
def test_bad_status_points_at_the_field(body: Any, place: str, api: Program) -> None:
    one = joined(api)

    answer = api.call("POST", f"/subscription/{one}/status/", body)

    assert refused(answer) == (400, "invalid_input", [place])


def test_pause_tells_what_it_did(api: Program) -> None:
    one = joined(api)
    path = f"/subscription/{one}/status/"

    paused = api.call("POST", path, {"status_id": 3, "interval": 30, "details": "Holiday"}).json()
    again = api.call("POST", path, {"status_id": 3, "interval": 30, "details": "Holiday"}).json()
    cancelled = api.call("POST", path, {"status_id": 2}).json()

    assert (paused["changed"], paused["status_id"], paused["status"]) == (True, 3, "paused")
    assert paused["next_change"]["details"] == "Automatic return schedule"
    assert (again["changed"], again["change"]) == (False, paused["change"])
    assert again["detail"].endswith("Nothing was changed.")
    assert [row["details"] for row in cancelled["withdrawn"]] == ["Automatic return schedule"]
    assert cancelled["next_change"] is None


def test_moment_without_zone_is_utc(api: Program, tenant: Tenant) -> None:
    one = joined(api)

    for text in ("2099-02-18T12:25:56.563000", "2099-02-19T12:25:56.563000+02:00"):
        api.call("POST", f"/subscription/{one}/status/", {"status_id": 2, "effect_date": text})

    with scope(tenant.pk):
        rows = SubscriptionStatusChange.objects.filter(status=2).order_by("effective_at")
        assert [row.effective_at for row in rows] == [
            datetime(2099, 2, 18, 12, 25, 56, 563000, UTC),
            datetime(2099, 2, 19, 10, 25, 56, 563000, UTC),
        ]


def test_staff_go_back_in_time_with_their_login(api: Program, admin: User) -> None:
    one = joined(api)
    staff = Program({"Authorization": f"Bearer {issue_tokens(user=admin).access}"})
    body = {"status_id": 2, "effect_date": "2025-02-18T12:25:56", "details": "Wrong customer"}

    assert staff.call("POST", f"/subscription/{one}/status/", body).status_code == 200


@pytest.mark.parametrize("one", ["nobody", "x" * 300, "%00", "a%0ab", "%F0%9F%8D%BA", "%ff"])
def test_unknown_subscription_is_not_found(one: str, api: Program) -> None:
    status = api.call("POST", f"/api/subscription/{one}/status/", {"status_id": 1})
    charged = api.call("POST", f"/api/subscription/{one}/charge/r1")

    assert (status.status_code, charged.status_code) == (404, 404)


def test_rows_of_another_tenant_are_not_found(api: Program, other_tenant: Tenant) -> None:
    one = joined(api)
    stranger = program(other_tenant)
    with scope(other_tenant.pk):
        connect_shop(api_key="bitter", api_secret="shop_test_12345678")

    calls = [
        ("POST", "/club/1/subscribe/", {"customer_id": CUSTOMER}),
        ("POST", f"/subscription/{one}/status/", {"status_id": 2}),
        ("POST", f"/subscription/{one}/charge/r1", None),
    ]
    assert [stranger.call(*call).status_code for call in calls] == [404, 404, 404]
    assert listed(stranger.call("GET", "/subscription/eligible")) == []


@pytest.mark.parametrize(
    ("held", "allowed"),
    [
        ("clubs:subscribe", [True, False, False, False]),
        ("clubs:manage", [False, True, False, False]),
        ("clubs:charge", [False, False, True, True]),
    ],
)
def test_scopes_open_their_own_endpoints(
    held: str, allowed: list[bool], tenant: Tenant, club: Club
) -> None:
    caller = program(tenant, held)

    statuses = [
        caller.call("POST", "/club/1/subscribe/", {"customer_id": CUSTOMER}).status_code,
        caller.call("POST", "/subscription/x/status/", {"status_id": 1}).status_code,
        caller.call("GET", "/subscription/eligible").status_code,
        caller.call("POST", "/subscription/x/charge/r").status_code,
    ]

    assert [status != 403 for status in statuses] == allowed
    assert Program({}).call("GET", "/subscription/eligible").status_code == 401


def test_subscribe_takes_an_idempotency_key(api: Program) -> None:
    path, body, key = "/club/1/subscribe/", {"customer_id": CUSTOMER}, {"Idempotency-Key": "k1"}

    first, again = api.call("POST", path, body, **key), api.call("POST", path, body, **key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"


# --- the eligible list --------------------------------------------------------------------------


def member(club: Club, customer: str, *statuses: tuple[int, timedelta]) -> str:
    """Subscribe a customer in 2020 and give them statuses, so long after now."""
    now = datetime.now(UTC)
    found = subscribe(
        club_number=club.number, customer_store_id=customer, by=None, now=LONG_AGO + DAY
    )
    for status, later in statuses:
        change_status(
            reference=found.reference, status=status, by=None, now=min(now + later, now),
            effective_at=now + later,
        )  # fmt: skip
    return found.reference


def test_eligible_is_active_now_in_a_club_that_serves(api: Program, club: Club) -> None:
    with scope(club.tenant_id):
        closed = make_club(number=2, name="Closed", store_sku=1, now=LONG_AGO)
        inactive = make_club(number=3, name="Inactive", store_sku=1, now=LONG_AGO)
        bare = Club.objects.create(
            tenant_id=club.tenant_id, number=4, name="Without a status", store_sku=1
        )
        wanted = {
            member(club, "active"),
            member(club, "pauses tomorrow", (3, DAY)),
            member(club, "came back", (2, -9 * DAY), (1, -DAY)),
            member(closed, "in a closed club"),
        }
        reasons = {
            member(club, "paused", (3, -DAY)): "paused",
            member(club, "cancelled", (2, -DAY)): "cancelled",
            member(club, "returns tomorrow", (3, -DAY), (1, DAY)): "paused",
            member(inactive, "in an inactive club"): "club_not_serving",
        }
        set_club_status(club=closed, status=ClubStatus.CLOSED, now=LONG_AGO + 2 * DAY)
        set_club_status(club=inactive, status=ClubStatus.INACTIVE, now=LONG_AGO + 2 * DAY)
        for name, where in (("no-status", club), ("no-club-status", bare)):
            row = Subscription.objects.create(
                tenant_id=club.tenant_id, reference=f'{name} "\\', club=where,
                customer_store_id=name,
            )  # fmt: skip
            if where == bare:
                change_status(reference=row.reference, status=1, by=None, now=datetime.now(UTC))
    reasons |= {'no-status "\\': "no_status", 'no-club-status "\\': "club_without_status"}

    found = listed(api.call("GET", "/subscription/eligible"))
    told = listed(api.call("GET", "/subscription/eligible?explain=1"))

    assert (len(found), set(found)) == (4, wanted)
    assert set(told["eligible"]) == wanted
    assert {row["subscription_id"]: row["reason"] for row in told["excluded"]} == reasons
    assert listed(api.call("GET", "/subscription/eligible?club=4")) == []
    assert len(listed(api.call("GET", "/subscription/eligible?club=1"))) == 3


def test_eligible_ids_are_json_whatever_they_are(api: Program, club: Club) -> None:
    odd = ['a"b', "a\\b", "Zürich 🍺", "</script>"]
    with scope(club.tenant_id):
        for reference in odd:
            Subscription.objects.create(
                tenant_id=club.tenant_id, reference=reference, club=club,
                customer_store_id=reference,
            )  # fmt: skip
            change_status(reference=reference, status=1, by=None, now=datetime.now(UTC))

    assert sorted(listed(api.call("GET", "/subscription/eligible"))) == sorted(odd)


def test_eligible_on_another_day(api: Program, club: Club) -> None:
    with scope(club.tenant_id):
        one = member(club, "pauses later", (3, 10 * DAY))
    day = (datetime.now(UTC) + 12 * DAY).date()

    def on(text: str) -> Any:
        return listed(api.call("GET", f"/subscription/eligible?on={text}"))

    assert on(f"{day}") == []
    assert on("2020-01-02T00:00:00") == [one]
    assert on("2020-01-01T23:59:59.999999Z") == []
    assert listed(api.call("GET", "/subscription/eligible?on=2020-01-01&explain=1"))["excluded"][0][
        "reason"
    ] == ("not_yet")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("on=yesterday", "on"),
        ("on=0000-01-01", "on"),
        ("on=9999-12-31", "on"),
        ("on=2026-02-30", "on"),
        ("on=2026-02-03T99:00:00", "on"),
        ("on=", "on"),
        ("on=%00", "on"),
        ("club=7", "club"),
        ("club=x", "club"),
        ("club=99999999999999999999", "club"),
        ("club=%F0%9D%9F%8F", "club"),
        ("explain=yes", "explain"),
        ("page=2", "page"),
    ],
)
def test_bad_parameter_is_named(query: str, name: str, api: Program) -> None:
    answer = api.call("GET", f"/subscription/eligible?{query}")

    assert refused(answer) == (400, "invalid_input", [name])


def test_eligible_list_asks_as_often_for_thirty_as_for_one(api: Program, club: Club) -> None:
    joined(api, "first")
    listed(api.call("GET", "/subscription/eligible"))
    with CaptureQueriesContext(connection) as for_one:
        listed(api.call("GET", "/subscription/eligible"))
    for number in range(29):
        joined(api, f"customer {number}")

    with CaptureQueriesContext(connection) as for_many:
        found = listed(api.call("GET", "/subscription/eligible"))

    assert len(found) == 30
    assert len(for_many) == len(for_one)


# --- charging -----------------------------------------------------------------------------------


def test_charge_is_answered_once_and_then_from_memory(api: Program, shop: Sandbox) -> None:
    one = joined(api)

    first = api.call("POST", f"/subscription/{one}/charge/r1")
    other = api.call("POST", f"/subscription/{one}/charge/r2")

    assert first.json()["already_charged"] is False
    assert other.json() == {**first.json(), "already_charged": True}
    assert other["Charge-Replayed"] == "true"
    assert len(shop.control("GET", "shop/answers")["answers"]) == 1


def test_declined_charge_is_402_with_the_shops_reason(api: Program, shop: Sandbox) -> None:
    one = joined(api, "customer-declined-1")

    answer = api.call("POST", f"/subscription/{one}/charge/r1")

    assert refused(answer) == (402, "charge_declined", [])
    assert "The customer's card was declined." in answer.json()["detail"]


def test_charge_problems_have_their_status(api: Program, shop: Sandbox, settings: Any) -> None:
    paused, one = joined(api, "paused"), joined(api)
    api.call("POST", f"/subscription/{paused}/status/", {"status_id": 3})
    api.call("POST", f"/subscription/{one}/charge/r1")

    not_active = api.call("POST", f"/subscription/{paused}/charge/r2")
    elsewhere = api.call("POST", f"/subscription/{joined(api, 'two')}/charge/r1")
    unknown = api.call("POST", f"/subscription/{joined(api, 'customer-unknown')}/charge/r3")

    assert refused(not_active) == (409, "subscription_not_active", [])
    assert refused(elsewhere) == (409, "request_id_used", [])
    assert refused(unknown) == (409, "shop_refused", [])


def test_shop_that_is_down_is_503_and_tells_when_to_repeat(
    api: Program, shop: Sandbox, settings: Any
) -> None:
    one, there = joined(api), settings.SHOP_URL
    settings.SHOP_URL = f"http://127.0.0.1:{free_port()}"

    down = api.call("POST", f"/subscription/{one}/charge/r1")
    settings.SHOP_URL = there
    again = api.call("POST", f"/subscription/{one}/charge/r1")

    assert (refused(down), down["Retry-After"]) == ((503, "shop_unavailable", []), "30")
    assert again.status_code == 200


def test_unknown_charge_is_503_and_repeated_with_the_same_id(api: Program, shop: Sandbox) -> None:
    one = joined(api)
    shop.control("POST", "faults", kind="lost_after", path="/shop/*", count=1)

    first = api.call("POST", f"/subscription/{one}/charge/r1")
    other = api.call("POST", f"/subscription/{one}/charge/r2")
    again = api.call("POST", f"/subscription/{one}/charge/r1")

    assert (refused(first), "Retry-After" in first) == ((503, "charge_unknown", []), True)
    assert (refused(other), "Retry-After" in other) == ((409, "charge_under_way", []), True)
    assert again.json()["already_charged"] is False
    assert len(shop.control("GET", "shop/orders")["orders"]) == 1


@pytest.mark.parametrize("request_id", ["x" * 201, "a%00b", "a%0Ab", ".", "..", "%2e%2e"])
def test_bad_request_id_is_refused(request_id: str, api: Program, shop: Sandbox) -> None:
    one = joined(api)

    answer = api.call("POST", f"/subscription/{one}/charge/{request_id}")

    assert refused(answer) == (400, "invalid_input", ["request_id"])
