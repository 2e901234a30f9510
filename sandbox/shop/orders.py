"""Orders: one for each request id, whatever is asked how often."""

import json
from dataclasses import dataclass

from sandbox import ids
from sandbox.books import Json
from sandbox.state import Sandbox

ARTICLES = range(1, 1000)
# What begins with these is no ordinary customer; the README lists them.
UNKNOWN, DECLINED, EXPIRED, SLOW = (
    "customer-unknown",
    "customer-declined",
    "customer-expired",
    "customer-slow",
)
SLOW_SECONDS = 3.0


class ShopError(Exception):
    """A refusal: HTTP status, code and words."""

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.body = {"error": code, "reason": reason}


@dataclass(frozen=True)
class Wanted:
    """What an order is for, and who asks."""

    api_key: str
    request_id: str
    customer_id: str
    sku_id: int


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: Json


def order(sandbox: Sandbox, wanted: Wanted) -> Answer:
    """Make an order, or answer again as before. Raises ShopError for a request id used otherwise.

    Refusals that a customer or a stock may mend are kept under the request id like orders.
    """
    store = sandbox.store
    with store.transaction():
        known = store.row(
            "select * from shop_answers where api_key = ? and request_id = ?",
            wanted.api_key,
            wanted.request_id,
        )
        if known is not None:
            if (known["customer_id"], known["sku_id"]) != (wanted.customer_id, wanted.sku_id):
                reason = "This request id belongs to another order."
                raise ShopError(422, "request_id_reused", reason)
            store.execute("update shop_answers set asked = asked + 1 where seq = ?", known["seq"])
            return Answer(known["status"], json.loads(known["body"]))
        answer = _made(sandbox, wanted)
        store.execute(
            "insert into shop_answers (api_key, request_id, customer_id, sku_id, at, status, body)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            wanted.api_key,
            wanted.request_id,
            wanted.customer_id,
            wanted.sku_id,
            sandbox.clock.now(),
            answer.status,
            json.dumps(answer.body),
        )
        return answer


def _made(sandbox: Sandbox, wanted: Wanted) -> Answer:
    try:
        _check(sandbox, wanted)
    except ShopError as error:
        return Answer(error.status, error.body)
    body = {
        "order_id": ids.new("order"),
        "request_id": wanted.request_id,
        "customer_id": wanted.customer_id,
        "sku_id": wanted.sku_id,
        "status": "charged",
        "created": int(sandbox.clock.now()),
    }
    sandbox.store.execute("update shop_stock set units = units - 1 where sku_id = ?", wanted.sku_id)
    return Answer(200, body)


def _check(sandbox: Sandbox, wanted: Wanted) -> None:
    if wanted.customer_id.startswith(UNKNOWN):
        raise ShopError(404, "unknown_customer", "No customer has this id.")
    if wanted.sku_id not in ARTICLES:
        raise ShopError(422, "unknown_sku", f"There is no article {wanted.sku_id}.")
    stock = sandbox.store.row("select units from shop_stock where sku_id = ?", wanted.sku_id)
    if stock is not None and stock["units"] < 1:
        raise ShopError(422, "out_of_stock", f"Article {wanted.sku_id} is out of stock.")
    if wanted.customer_id.startswith(DECLINED):
        raise ShopError(402, "card_declined", "The customer's card was declined.")
    if wanted.customer_id.startswith(EXPIRED):
        raise ShopError(402, "card_expired", "The customer's card has expired.")
