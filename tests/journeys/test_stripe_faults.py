"""Two calls in five to Stripe fail, before or after their effect: no payment is lost or doubled."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import pytest

from payments.models import Checkout
from tests.journeys.people import Buyer, Seller, at_once, eventually

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("journey")]

FAULTS: list[dict[str, Any]] = [
    {"kind": "error_before"},
    {"kind": "error_after"},
    {"kind": "lost_after"},
    {"kind": "drop_before"},
    {"kind": "garbage"},
    {"kind": "delay", "seconds": 0.3},
    # Each of these makes all workers pause for a second.
    {"kind": "rate_limit", "count": 5},
]
SHARE = 0.4
LINKS, REFUNDED = 30, 10
PATIENCE_SECONDS = 90.0


def disturb(seller: Seller) -> None:
    """Let SHARE of all calls fail, each way of failing alike often."""
    # A rule is asked only where those before it have let the call pass.
    lasting = [fault for fault in FAULTS if "count" not in fault]
    chance = 1 - (1 - SHARE) ** (1 / len(lasting))
    for fault in FAULTS:
        seller.sandbox.control("POST", "faults", probability=chance, **fault)


def buy_in_spite(link: Any) -> None:
    """Press the button until Stripe's page opens, as the page asks one to, and pay there."""
    buyer = Buyer()
    opened = eventually(
        lambda: buyer.click(link["url"]).headers.get("Location"),
        "Stripe's page",
        seconds=PATIENCE_SECONDS,
    )
    assert buyer.pay(opened)


def refund(seller: Seller, payment: Any, amount: int) -> None:
    """Ask for a part of a payment back."""
    answer = seller.ask(
        "POST",
        f"payments/{payment['id']}/refunds/",
        json={"amount_minor": amount},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    assert answer.status_code == 201, answer.text


def test_nothing_is_lost_or_doubled_while_stripe_fails(seller: Seller) -> None:
    links = [seller.link(amount_minor=1000 + number) for number in range(LINKS)]
    disturb(seller)

    at_once(buy_in_spite, links)
    eventually(
        lambda: len(seller.get("payments/", status="success", limit=100)["items"]) == LINKS,
        "all payments",
        seconds=PATIENCE_SECONDS,
    )
    refunded = seller.get("payments/", limit=REFUNDED)["items"]
    for payment in refunded:
        refund(seller, payment, 300)
        refund(seller, payment, 200)
    paths = [f"payments/{payment['id']}/" for payment in refunded]
    eventually(
        lambda: {seller.get(path)["refunded"]["minor"] for path in paths} == {500},
        "all refunds",
        seconds=PATIENCE_SECONDS,
    )

    struck = [call["fault"] for call in seller.sandbox.control("GET", "requests")["requests"]]
    assert {fault["kind"] for fault in FAULTS} <= set(struck)
    seller.sandbox.control("DELETE", "faults")
    seller.stack.wait_quiet()
    sessions, intents = seller.sessions(), seller.listed("payment_intents")
    wanted = {link["amount"]["minor"] for link in links}
    assert Counter(one["amount_received"] for one in intents) == Counter(wanted)
    assert Counter(one["amount_total"] for one in sessions if one["payment_status"] == "paid") == (
        Counter(wanted)
    )
    ours = {one.stripe_session_id: one.amount_minor for one in seller.rows(Checkout)}
    assert ours == {one["id"]: one["amount_total"] for one in sessions}
    sums: Counter[str] = Counter()
    for one in seller.listed("refunds"):
        sums[one["payment_intent"]] += one["amount"]
    assert sums == {payment["stripe_payment_intent_id"]: 500 for payment in refunded}
