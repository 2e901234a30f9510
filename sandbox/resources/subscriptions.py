"""Subscriptions."""

from typing import Any

from sandbox.books import Books, Json
from sandbox.errors import StripeError, conflict
from sandbox.events import record_update
from sandbox.lists import paginate, pick
from sandbox.metadata import merge, unset
from sandbox.routes import Call, operation
from sandbox.spec.objects import build
from sandbox.subscribing import life, starting

UNCHANGEABLE = ("billing_cycle_anchor", "trial_end", "trial_from_plan")


@operation("POST", "/v1/subscriptions")
def create_subscription(call: Call) -> Json:
    """Start a subscription: at once, after a trial, from an anchor on, or backdated."""
    return starting.start(call.books, call.params)


@operation("GET", "/v1/subscriptions/{subscription_exposed_id}")
def retrieve_subscription(call: Call) -> Json:
    """Return a subscription, also one that is over."""
    return call.books.get("subscription", call.id)


@operation("GET", "/v1/subscriptions")
def list_subscriptions(call: Call) -> Json:
    """List subscriptions, newest first; those that were cancelled only when asked for."""
    params = call.params
    filters = pick(params, "customer", "collection_method")
    wanted = params.get("status")
    tests: list[tuple[str, Any]] = []
    if wanted is None:
        tests.append(("json_extract(body, '$.status') <> ?", "canceled"))
    elif wanted == "ended":
        tests.append(("json_extract(body, '$.status') = ?", "canceled"))
    elif wanted != "all":
        filters["status"] = wanted
    if "price" in params:
        field = "json_extract(body, '$.items.data[0].price.id')"
        tests.append((f"{field} = ?", params["price"]))
    return paginate(call, "subscription", filters, *tests)


@operation("POST", "/v1/subscriptions/{subscription_exposed_id}")
def update_subscription(call: Call) -> Json:
    """Change prices from the next period on, the planned end, the pause, or plain fields."""
    books, params = call.books, call.params
    starting.check_support(params)
    before = books.get("subscription", call.id)
    if before["status"] in life.OVER:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        if params.keys() - {"cancellation_details", "metadata"}:
            raise conflict(message, "subscription_canceled")
    for name in UNCHANGEABLE:
        if name in params and params[name] != "unchanged":
            message = f"The sandbox's subscriptions keep their `{name}`."
            raise StripeError(message, param=name)
    after = {**before, **_plain(books, before, params), **_end(books, before, params)}
    after["items"] = {**before["items"], "data": _items(books, before, params)}
    record_update(books, "customer.subscription.updated", before, after)
    if after["cancel_at"] is not None and after["cancel_at"] != before["cancel_at"]:
        books.later(after["cancel_at"], "end_subscription", after["id"])
    return after


def _plain(books: Books, before: Json, params: Json) -> Json:
    found: Json = {"metadata": merge(before["metadata"], params.get("metadata"))}
    if "description" in params:
        found["description"] = unset(params["description"])
    if "default_payment_method" in params:
        name = params["default_payment_method"]
        method = books.get("payment_method", name, "default_payment_method")
        found["default_payment_method"] = method["id"]
    if {"collection_method", "days_until_due"} & params.keys():
        found |= starting.collection(params, before)
    if "pause_collection" in params:
        given = unset(params["pause_collection"])
        found["pause_collection"] = (
            build("subscriptions_resource_pause_collection", **given)
            if isinstance(given, dict)
            else None
        )
    return found


def _end(books: Books, before: Json, params: Json) -> Json:
    """Return the planned end that parameters ask for; an empty ``cancel_at`` takes it back."""
    if "cancel_at" in params and params.get("cancel_at_period_end"):
        message = "You may only specify one of these parameters: cancel_at, cancel_at_period_end."
        raise conflict(message, "parameters_exclusive", param="cancel_at")
    found: Json = {}
    if "cancel_at_period_end" in params:
        found["cancel_at_period_end"] = params["cancel_at_period_end"]
        found["cancel_at"] = life.period_end(before) if params["cancel_at_period_end"] else None
    if "cancel_at" in params:
        moment = unset(params["cancel_at"])
        if isinstance(moment, int) and moment <= books.now:
            raise StripeError("`cancel_at` must be in the future.", param="cancel_at")
        found |= {"cancel_at": moment, "cancel_at_period_end": False}
    if found:
        is_planned = found["cancel_at"] is not None
        reason = "cancellation_requested" if is_planned else None
        details = {**before["cancellation_details"], "reason": reason}
        found |= {
            "canceled_at": books.now if is_planned else None,
            "cancellation_details": details,
        }
    return found


def _items(books: Books, before: Json, params: Json) -> list[Json]:
    """Return the items with their changes; another price counts from the next period on."""
    found = {item["id"]: item for item in before["items"]["data"]}
    for number, given in enumerate(params.get("items") or []):
        prefix = f"items[{number}]"
        if given.get("deleted"):
            found.pop(given.get("id"), None)
            continue
        changed = _changed_item(books, before, found.get(given.get("id", "")), given, prefix)
        prices_differ = changed["price"] != found.get(changed["id"], {}).get("price")
        if prices_differ and params.get("proration_behavior") != "none":
            message = "The sandbox changes prices with `proration_behavior=none` only."
            raise StripeError(message, param="proration_behavior")
        found[changed["id"]] = changed
    if not found:
        raise StripeError("A subscription must have at least one active price.", param="items")
    starting.check_alike([item["price"] for item in found.values()])
    return list(found.values())


def _changed_item(books: Books, before: Json, item: Json | None, given: Json, prefix: str) -> Json:
    if "id" in given and item is None:
        message = f"No such subscription item: '{given['id']}'"
        raise StripeError(message, code="resource_missing", param=f"{prefix}[id]")
    has_price = "price" in given or "price_data" in given or item is None
    price = starting.price_of(books, given, prefix) if has_price else (item or {})["price"]
    if item is None:
        new = starting.new_item(books, before["id"], price, given)
        bounds = before["items"]["data"][0]
        for name in ("current_period_start", "current_period_end"):
            new[name] = bounds[name]
        return new
    return {
        **item,
        "price": price,
        "quantity": given.get("quantity", item["quantity"]),
        "metadata": merge(item["metadata"], given.get("metadata")),
    }


@operation("DELETE", "/v1/subscriptions/{subscription_exposed_id}")
def cancel_subscription(call: Call) -> Json:
    """End a subscription at once, without a last invoice."""
    subscription = call.books.get("subscription", call.id)
    if subscription["status"] in life.OVER:
        message = f"No such subscription: '{subscription['id']}'"
        raise StripeError(message, status=404, code="resource_missing", param="id")
    return life.cancel(call.books, subscription)
