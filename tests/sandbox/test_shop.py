"""The shop of the sandbox: idempotent, and as difficult as it is told to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.stripe import Sandbox

GOOD = {"x-api-key": "brewery", "x-api-secret": "shop_test_12345678"}


def order(sandbox: Sandbox, request_id: str = "r1", **given: Any) -> requests.Response:
    headers = given.pop("headers", GOOD)
    body = {"customer_id": "00000000-0000-0000-000-0000000000000", "sku_id": 1, **given}
    url = f"{sandbox.base}/shop/order/{request_id}"
    return requests.post(url, json=body, headers=headers, timeout=10)


def made(sandbox: Sandbox) -> list[tuple[str, int]]:
    found = sandbox.control("GET", "shop/orders")["orders"]
    return [(one["request_id"], one["asked"]) for one in found]


@pytest.fixture(autouse=True)
def _no_faults(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.control("DELETE", "faults")


def test_order_is_made_once_for_a_request_id(sandbox: Sandbox) -> None:
    first, again = order(sandbox), order(sandbox)

    assert first.status_code == 200
    assert first.json() == again.json()
    assert first.json()["status"] == "charged"
    assert made(sandbox) == [("r1", 2)]


def test_request_ids_are_each_keys_own(sandbox: Sandbox) -> None:
    other = {**GOOD, "x-api-key": "cidery"}

    assert order(sandbox).json()["order_id"] != order(sandbox, headers=other).json()["order_id"]


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "brewery"}, {**GOOD, "x-api-secret": "wrong"}]
)
def test_wrong_headers_are_refused(headers: dict[str, str], sandbox: Sandbox) -> None:
    answer = order(sandbox, headers=headers)

    assert (answer.status_code, answer.json()["error"]) == (401, "credentials_refused")
    assert made(sandbox) == []


@pytest.mark.parametrize(
    ("given", "status", "error"),
    [
        ({"customer_id": "customer-unknown-7"}, 404, "unknown_customer"),
        ({"customer_id": "customer-declined"}, 402, "card_declined"),
        ({"customer_id": "customer-expired"}, 402, "card_expired"),
        ({"sku_id": 1000}, 422, "unknown_sku"),
        ({"sku_id": "1"}, 400, "bad_request"),
        ({"sku_id": True}, 400, "bad_request"),
        ({"customer_id": 7}, 400, "bad_request"),
        ({"more": 7}, 400, "bad_request"),
    ],
)
def test_order_is_refused(given: dict[str, Any], status: int, error: str, sandbox: Sandbox) -> None:
    answer = order(sandbox, **given)

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert made(sandbox) == []


def test_request_id_of_another_order_is_refused(sandbox: Sandbox) -> None:
    order(sandbox)

    assert order(sandbox, sku_id=2).json()["error"] == "request_id_reused"


def test_stock_runs_out(sandbox: Sandbox) -> None:
    sandbox.control("POST", "shop/stock", sku_id=5, units=1)

    answers = [order(sandbox, f"r{n}", sku_id=5).status_code for n in range(3)]

    assert answers == [200, 422, 422]
    assert made(sandbox) == [("r0", 1)]


@pytest.mark.parametrize(
    ("kind", "status", "orders"),
    [("rate_limit", 429, 0), ("error_before", 500, 0), ("error_after", 500, 1)],
)
def test_faults_that_answer(kind: str, status: int, orders: int, sandbox: Sandbox) -> None:
    sandbox.control("POST", "faults", kind=kind, path="/shop/order/{request_id}", count=1)

    assert order(sandbox).status_code == status
    assert len(made(sandbox)) == orders
    assert order(sandbox).status_code == 200


@pytest.mark.parametrize(("kind", "orders"), [("drop_before", 0), ("lost_after", 1)])
def test_faults_without_answer(kind: str, orders: int, sandbox: Sandbox) -> None:
    sandbox.control("POST", "faults", kind=kind, path="/shop/*", count=1)

    with pytest.raises(requests.ConnectionError):
        order(sandbox)
    assert len(made(sandbox)) == orders
    assert order(sandbox).status_code == 200


def test_garbage_is_half_an_answer(sandbox: Sandbox) -> None:
    sandbox.control("POST", "faults", kind="garbage", path="/shop/*", count=1)

    with pytest.raises(requests.JSONDecodeError):
        order(sandbox).json()
    assert len(made(sandbox)) == 1
