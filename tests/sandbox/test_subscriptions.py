"""Subscriptions: what they bill when, as the sandbox's clock goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.subscribing.cycles import boundary, next_boundary, next_of_config
from tests.sandbox.conftest import Api
from tests.sandbox.invoicing import event_types, new_customer

MONTHLY = {"interval": "month", "interval_count": 1}
DAY = 24 * 3600


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[arg-type,misc]


@pytest.fixture
def price(api: Api) -> str:
    """A monthly price of 900.00 EUR."""
    product = api.post("/v1/products", {"name": "Room 8"})["id"]
    return new_price(api, product, 90000)


def new_price(api: Api, product: str, amount: int, currency: str = "eur") -> str:
    form = {
        "product": product, "currency": currency, "unit_amount": amount,
        "recurring[interval]": "month",
    }  # fmt: skip
    return str(api.post("/v1/prices", form)["id"])


def form(customer: str, price: str, **more: Any) -> dict[str, Any]:
    plain = {"customer": customer, "items[0][price]": price}
    sent = {"collection_method": "send_invoice", "days_until_due": 7}
    return {**plain, **sent, **more}


def start(api: Api, price: str, **more: Any) -> Any:
    return api.post("/v1/subscriptions", form(new_customer(api), price, **more))


def now(api: Api) -> int:
    return int(api.control("/clock", method="GET")["now"])


def go(api: Api, seconds: int) -> None:
    api.control("/clock", {"advance": seconds})


def billed(api: Api, subscription: str) -> list[tuple[int, str, str]]:
    """Return amount, reason and status of a subscription's invoices, oldest first."""
    found = api.get("/v1/invoices", {"subscription": subscription, "limit": 100})["data"]
    return [(one["total"], one["billing_reason"], one["status"]) for one in found[::-1]]


@pytest.mark.parametrize(
    ("anchor", "after", "found"),
    [
        (at(2026, 1, 31, 12), at(2026, 1, 31, 12), at(2026, 2, 28, 12)),
        (at(2026, 1, 31, 12), at(2026, 2, 28, 12), at(2026, 3, 31, 12)),
        (at(2024, 1, 30, 12), at(2024, 2, 1), at(2024, 2, 29, 12)),
        (at(2026, 12, 1), at(2026, 12, 1), at(2027, 1, 1)),
    ],
)
def test_month_renews_on_its_day_or_the_last(anchor: int, after: int, found: int) -> None:
    assert next_boundary(anchor, MONTHLY, after) == found


def test_day_of_config_outlives_a_short_month() -> None:
    first = next_of_config({"day_of_month": 31, "hour": 12}, at(2026, 2, 3))

    assert first == at(2026, 2, 28, 12)
    assert boundary(first, MONTHLY, 1, 31) == at(2026, 3, 31, 12)
    assert boundary(first, MONTHLY, 2, 31) == at(2026, 4, 30, 12)


def test_subscription_bills_each_month(api: Api, price: str) -> None:
    subscription = start(api, price)

    go(api, 65 * DAY)

    assert billed(api, subscription["id"]) == [
        (90000, "subscription_create", "open"),
        (90000, "subscription_cycle", "open"),
        (90000, "subscription_cycle", "open"),
    ]


def test_life_of_a_subscription_is_told_in_events(api: Api, price: str) -> None:
    end = now(api) + 9 * DAY
    start(api, price, trial_end=now(api) + 5 * DAY, cancel_at=end)

    go(api, 10 * DAY)

    assert event_types(api, "customer.subscription*") == [
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
    ]


def test_charged_subscription_is_paid_at_once(api: Api, price: str) -> None:
    customer = new_customer(api, "pm_card_visa")

    subscription = api.post("/v1/subscriptions", {"customer": customer, "items[0][price]": price})

    assert subscription["status"] == "active"
    assert billed(api, subscription["id"]) == [(90000, "subscription_create", "paid")]


def test_nothing_to_charge_to_is_refused(api: Api, price: str) -> None:
    answer = api.send(
        "POST", "/v1/subscriptions", {"customer": new_customer(api), "items[0][price]": price}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "resource_missing")


def test_backdated_start_without_proration_bills_from_the_anchor_on(api: Api, price: str) -> None:
    day = datetime.fromtimestamp(now(api) + 10 * DAY, UTC).day
    subscription = start(
        api, price, backdate_start_date=now(api) - 200 * DAY, proration_behavior="none",
        **{"billing_cycle_anchor_config[day_of_month]": day},
    )  # fmt: skip

    before = billed(api, subscription["id"])
    go(api, 11 * DAY)

    assert before == []
    assert subscription["start_date"] < subscription["created"]
    assert billed(api, subscription["id"]) == [(90000, "subscription_cycle", "open")]


def test_trial_costs_nothing_until_it_ends(api: Api, price: str) -> None:
    subscription = start(api, price, trial_end=now(api) + 60 * DAY)

    go(api, 61 * DAY)

    assert subscription["status"] == "trialing"
    assert billed(api, subscription["id"]) == [
        (0, "subscription_create", "paid"),
        (90000, "subscription_cycle", "open"),
    ]
    assert api.get(f"/v1/subscriptions/{subscription['id']}")["status"] == "active"


def test_planned_end_bills_its_part_of_the_last_month(api: Api, price: str) -> None:
    begin = now(api)
    subscription = start(api, price, cancel_at=boundary(begin, MONTHLY, 1) + 15 * DAY)

    go(api, 100 * DAY)

    ended = api.get(f"/v1/subscriptions/{subscription['id']}")
    month = boundary(begin, MONTHLY, 2) - boundary(begin, MONTHLY, 1)
    part = round(90000 * 15 * DAY / month)
    assert [amount for amount, _, _ in billed(api, subscription["id"])] == [90000, part]
    assert (ended["status"], ended["ended_at"]) == ("canceled", subscription["cancel_at"])


def test_end_of_a_period_brings_no_further_invoice(api: Api, price: str) -> None:
    subscription = start(api, price, cancel_at_period_end="true")

    go(api, 70 * DAY)

    assert len(billed(api, subscription["id"])) == 1
    assert api.get(f"/v1/subscriptions/{subscription['id']}")["status"] == "canceled"


def test_cancelled_subscription_bills_nothing_more(api: Api, price: str) -> None:
    subscription = start(api, price, trial_end=now(api) + 5 * DAY)
    path = f"/v1/subscriptions/{subscription['id']}"

    ended = api.delete(path)
    go(api, 90 * DAY)

    assert ended["status"] == "canceled"
    assert [amount for amount, _, _ in billed(api, subscription["id"])] == [0]
    assert api.get("/v1/subscriptions")["data"] == []
    assert len(api.get("/v1/subscriptions", {"status": "all"})["data"]) == 1
    assert api.send("DELETE", path).status_code == 404


@pytest.mark.parametrize(
    ("behavior", "status"),
    [("void", "void"), ("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible")],
)
def test_pause_decides_what_becomes_of_invoices(
    api: Api, price: str, behavior: str, status: str
) -> None:
    subscription = start(api, price, trial_end=now(api) + 5 * DAY)
    path = f"/v1/subscriptions/{subscription['id']}"
    api.post(path, {"pause_collection[behavior]": behavior})

    go(api, 6 * DAY)

    assert billed(api, subscription["id"])[1] == (90000, "subscription_cycle", status)
    assert api.post(path, {"pause_collection": ""})["pause_collection"] is None


def test_other_price_counts_from_the_next_period_on(api: Api, price: str) -> None:
    subscription = start(api, price)
    item = subscription["items"]["data"][0]
    dearer = new_price(api, item["price"]["product"], 95000)
    path = f"/v1/subscriptions/{subscription['id']}"

    refused = api.send("POST", path, {"items[0][id]": item["id"], "items[0][price]": dearer})
    api.post(
        path,
        {
            "items[0][id]": item["id"], "items[0][price]": dearer, "proration_behavior": "none",
            "metadata[a]": "1", "cancel_at": now(api) + 200 * DAY,
        },
    )  # fmt: skip
    go(api, 32 * DAY)

    assert refused.status_code == 400
    assert [amount for amount, _, _ in billed(api, subscription["id"])] == [90000, 95000]


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"items[0][price]": "price_none"}, "items[0][price]"),
        ({"backdate_start_date": 4_000_000_000}, "backdate_start_date"),
        ({"billing_cycle_anchor": 1_000_000_000}, "billing_cycle_anchor"),
        ({"billing_cycle_anchor": 4_000_000_000}, "billing_cycle_anchor"),
        ({"cancel_at": 1_000_000_000}, "cancel_at"),
        ({"trial_end": 1_000_000_000}, "trial_end"),
        ({"billing_cycle_anchor_config[day_of_month]": 32},
         "billing_cycle_anchor_config[day_of_month]"),
        ({"cancel_at": 4_000_000_000, "cancel_at_period_end": "true"}, "cancel_at"),
        ({"billing_cycle_anchor": 4_000_000_000,
          "billing_cycle_anchor_config[day_of_month]": 1}, "billing_cycle_anchor"),
        ({"application_fee_percent": 5}, "application_fee_percent"),
        ({"collection_method": "charge_automatically"}, "days_until_due"),
    ],
)  # fmt: skip
def test_wrong_start_is_refused(api: Api, price: str, more: Any, param: str) -> None:
    answer = api.send("POST", "/v1/subscriptions", form(new_customer(api), price, **more))

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
