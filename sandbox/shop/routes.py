"""The shop's HTTP: one endpoint."""

import json
import time

from werkzeug.wrappers import Request, Response

from sandbox.api import ConnectionDropped
from sandbox.faults import Rule
from sandbox.shop import orders
from sandbox.shop.orders import Answer, ShopError, Wanted
from sandbox.state import Sandbox

PREFIX = "/shop"
ORDER = "/shop/order/"
OPERATION = "/shop/order/{request_id}"
SECRET = "shop_test_"
LONGEST_ID = 255


def answer(sandbox: Sandbox, request: Request) -> Response:
    """Answer a call. Raises ConnectionDropped when a fault rule wants no answer."""
    rule = None
    try:
        wanted = _read(request)
        rule = sandbox.faults.for_request(request.method, request.path, OPERATION)
        _before(rule)
        if wanted.customer_id.startswith(orders.SLOW):
            time.sleep(orders.SLOW_SECONDS)
        found = orders.order(sandbox, wanted)
    except ShopError as error:
        found = Answer(error.status, error.body)
    return _after(found, rule)


def _read(request: Request) -> Wanted:
    request_id = request.path.removeprefix(ORDER).rstrip("/")
    if not request.path.startswith(ORDER) or not request_id:
        raise ShopError(404, "not_found", "There is nothing here.")
    if request.method != "POST":
        raise ShopError(405, "method_not_allowed", "Orders are made by POST.")
    key = request.headers.get("x-api-key", "")
    if not key or not request.headers.get("x-api-secret", "").startswith(SECRET):
        raise ShopError(401, "credentials_refused", "x-api-key or x-api-secret is wrong.")
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise ShopError(400, "bad_request", "The body is not JSON.") from None
    return Wanted(key, request_id, *_checked(body))


def _checked(body: object) -> tuple[str, int]:
    if not isinstance(body, dict) or body.keys() != {"customer_id", "sku_id"}:
        raise ShopError(400, "bad_request", "Send customer_id and sku_id.")
    customer, sku = body["customer_id"], body["sku_id"]
    if not isinstance(customer, str) or not 0 < len(customer) <= LONGEST_ID:
        raise ShopError(400, "bad_request", "customer_id must be a text.")
    if type(sku) is not int or abs(sku) >= 2**31:
        raise ShopError(400, "bad_request", "sku_id must be a whole number.")
    return customer, sku


def _before(rule: Rule | None) -> None:
    if rule is None:
        return
    if rule.kind == "delay":
        time.sleep(rule.seconds)
    elif rule.kind == "rate_limit":
        raise ShopError(429, "too_many_orders", "Too many orders at once.")
    elif rule.kind == "error_before":
        raise ShopError(500, "broken", "Something broke.")
    elif rule.kind == "drop_before":
        raise ConnectionDropped


def _after(found: Answer, rule: Rule | None) -> Response:
    text = json.dumps(found.body)
    if rule is not None and rule.kind == "lost_after":
        raise ConnectionDropped
    if rule is not None and rule.kind == "error_after":
        return Response('{"error": "broken"}', 500, mimetype="application/json")
    if rule is not None and rule.kind == "garbage":
        text = text[: len(text) // 2]
    response = Response(text, found.status, mimetype="application/json")
    if found.status == 429:
        response.headers["Retry-After"] = str((rule.retry_after if rule else None) or 1)
    return response
