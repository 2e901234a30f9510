"""New subscriptions: their items, their first period, and what that costs."""

from sandbox import ids
from sandbox.books import Books, Json
from sandbox.catalog import new_price
from sandbox.errors import StripeError, conflict, missing_parameter
from sandbox.events import record
from sandbox.lists import as_list
from sandbox.metadata import merge
from sandbox.spec.objects import build
from sandbox.subscribing import billing, cycles, life

DAY = 24 * 3600
LONGEST_TRIAL = 731 * DAY
MOST_ITEMS = 20
UNSUPPORTED = (
    "add_invoice_items", "application_fee_percent", "billing_schedules", "billing_thresholds",
    "customer_account", "default_source", "default_tax_rates", "discounts", "on_behalf_of",
    "pending_invoice_item_interval", "transfer_data",
)  # fmt: skip


def check_support(params: Json) -> None:
    """Raise StripeError (400) for what this sandbox's subscriptions do not have."""
    for name in UNSUPPORTED:
        if params.get(name):
            raise StripeError(f"The sandbox's subscriptions have no `{name}`.", param=name)
    if params.get("automatic_tax", {}).get("enabled"):
        raise StripeError("The sandbox reckons no tax.", param="automatic_tax[enabled]")
    if isinstance(params.get("cancel_at"), str) and params["cancel_at"]:
        message = "The sandbox takes a moment only for `cancel_at`."
        raise StripeError(message, param="cancel_at")


def start(books: Books, params: Json) -> Json:
    """Store a subscription, bill its first period where that costs something. Returns it.

    Raises StripeError (400): no customer or items, prices that do not fit together, moments on
    the wrong side of now, or nothing to charge to.
    """
    check_support(params)
    customer = _customer(books, params)
    prices = [price_of(books, one, f"items[{n}]") for n, one in enumerate(_items(params))]
    check_alike(prices)
    subscription = _blank(books, customer, params, prices)
    subscription = _first_period(books, subscription, params)
    _check_end(books, subscription, params)
    _check_method(books, subscription, customer, params)
    books.add(subscription, proration_behavior=params.get("proration_behavior"))
    record(books, "customer.subscription.created", subscription)
    subscription = _bill_start(books, subscription, params)
    life.plan(books, subscription)
    return subscription


def _customer(books: Books, params: Json) -> Json:
    if "customer" not in params:
        raise missing_parameter("customer")
    return books.get("customer", params["customer"], "customer")


def _items(params: Json) -> list[Json]:
    found: list[Json] = params.get("items") or []
    if not found:
        raise missing_parameter("items")
    if len(found) > MOST_ITEMS:
        raise StripeError(f"A subscription has at most {MOST_ITEMS} items.", param="items")
    return found


def price_of(books: Books, item: Json, prefix: str) -> Json:
    """Return the price of an item; raises StripeError (400) for one that does not recur."""
    if "price_data" in item:
        return new_price(books, {**item["price_data"], "active": False})
    if "price" not in item:
        raise missing_parameter(f"{prefix}[price]")
    price = books.get("price", item["price"], f"{prefix}[price]")
    if not price["recurring"]:
        message = (
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`."
        )
        raise StripeError(message, param=f"{prefix}[price]")
    if not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise StripeError(message, param=f"{prefix}[price]")
    return price


def check_alike(prices: list[Json]) -> None:
    """Raise StripeError (400) unless all prices have one currency and one interval."""
    first = prices[0]
    for price in prices[1:]:
        if price["currency"] != first["currency"]:
            raise StripeError("All prices on a subscription must have the same currency.")
        names = ("interval", "interval_count")
        if any(price["recurring"][name] != first["recurring"][name] for name in names):
            message = "All prices on a subscription must have the same `recurring.interval`."
            raise StripeError(message, param="items")


def new_item(books: Books, subscription_id: str, price: Json, given: Json) -> Json:
    """Return an item of a subscription; it is part of that, not stored by itself."""
    return build(
        "subscription_item",
        id=ids.new("si"),
        created=books.now,
        discounts=[],
        metadata=merge(None, given.get("metadata")),
        price=price,
        quantity=given.get("quantity", 1),
        subscription=subscription_id,
        tax_rates=[],
    )


def collection(params: Json, known: Json | None) -> Json:
    """Return the collection method and days until due that parameters ask for."""
    method = params.get("collection_method") or (known or {}).get("collection_method")
    method = method or "charge_automatically"
    days = params.get("days_until_due", (known or {}).get("days_until_due"))
    if method == "send_invoice" and days is None:
        message = "You must pass `days_until_due` when the collection method is `send_invoice`."
        raise conflict(message, "parameter_missing", param="days_until_due")
    if method == "charge_automatically" and "days_until_due" in params:
        message = "You can only set `days_until_due` if the collection method is `send_invoice`."
        raise StripeError(message, param="days_until_due")
    return {
        "collection_method": method,
        "days_until_due": days if method == "send_invoice" else None,
    }


def _blank(books: Books, customer: Json, params: Json, prices: list[Json]) -> Json:
    subscription_id = ids.new("sub")
    pairs = zip(prices, params["items"], strict=True)
    items = [new_item(books, subscription_id, price, given) for price, given in pairs]
    method = params.get("default_payment_method")
    if method is not None:
        method = books.get("payment_method", method, "default_payment_method")["id"]
    cancellation = build("cancellation_details")
    if "cancel_at" in params or params.get("cancel_at_period_end"):
        cancellation["reason"] = "cancellation_requested"
    return build(
        "subscription",
        id=subscription_id,
        automatic_tax=build("subscription_automatic_tax", enabled=False),
        billing_mode=build("subscriptions_resource_billing_mode", type="classic"),
        cancel_at=params.get("cancel_at"),
        cancel_at_period_end=params.get("cancel_at_period_end", False),
        canceled_at=books.now if "cancel_at" in params else None,
        cancellation_details=cancellation,
        created=books.now,
        currency=prices[0]["currency"],
        customer=customer["id"],
        default_payment_method=method,
        default_tax_rates=[],
        description=params.get("description"),
        invoice_settings=build(
            "subscriptions_resource_subscription_invoice_settings", issuer={"type": "self"}
        ),
        items=as_list(items, f"/v1/subscription_items?subscription={subscription_id}"),
        metadata=merge(None, params.get("metadata")),
        payment_settings=build(
            "subscriptions_resource_payment_settings", save_default_payment_method="off"
        ),
        start_date=_start_date(books, params),
        status="active",
        **collection(params, None),
    )


def _start_date(books: Books, params: Json) -> int:
    moment: int = params.get("backdate_start_date", books.now)
    if moment > books.now:
        message = "`backdate_start_date` must be in the past."
        raise StripeError(message, param="backdate_start_date")
    return moment


def _first_period(books: Books, subscription: Json, params: Json) -> Json:
    recurring = life.recurring_of(subscription)
    trial_end = _trial_end(books, params)
    anchor, config = _anchor(books, params, recurring)
    if trial_end is not None:
        subscription |= {
            "status": "trialing", "trial_start": books.now, "trial_end": trial_end,
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        }  # fmt: skip
        first_end = trial_end
        anchor = anchor or trial_end
    else:
        first_end = anchor or cycles.boundary(books.now, recurring, 1)
        anchor = anchor or books.now
    subscription |= {"billing_cycle_anchor": anchor, "billing_cycle_anchor_config": config}
    begin = books.now if trial_end or anchor == books.now else subscription["start_date"]
    if subscription["cancel_at_period_end"]:
        subscription |= {"cancel_at": first_end, "canceled_at": books.now}
    return life.with_period(subscription, begin, first_end)


def _trial_end(books: Books, params: Json) -> int | None:
    if "trial_period_days" in params:
        return int(books.now + params["trial_period_days"] * DAY) or None
    moment = params.get("trial_end")
    if moment in (None, "now"):
        return None
    if not books.now < moment <= books.now + LONGEST_TRIAL:
        message = "Invalid timestamp: must be in the future, and within two years."
        raise StripeError(message, param="trial_end")
    return int(moment)


def _anchor(books: Books, params: Json, recurring: Json) -> tuple[int | None, Json | None]:
    config = params.get("billing_cycle_anchor_config")
    moment: int | None = params.get("billing_cycle_anchor")
    if config is not None and moment is not None:
        message = (
            "You may only specify one of these parameters: billing_cycle_anchor, "
            "billing_cycle_anchor_config."
        )
        raise conflict(message, "parameters_exclusive", param="billing_cycle_anchor")
    if config is not None:
        if recurring["interval"] not in ("month", "year"):
            message = "`billing_cycle_anchor_config` is for monthly and yearly prices only."
            raise StripeError(message, param="billing_cycle_anchor_config")
        if not 1 <= config["day_of_month"] <= 31:
            message = "Invalid integer: `day_of_month` must be between 1 and 31."
            raise StripeError(message, param="billing_cycle_anchor_config[day_of_month]")
        shown = build("subscriptions_resource_billing_cycle_anchor_config", **config)
        return cycles.next_of_config(config, books.now), shown
    if moment is None:
        return None, None
    latest = cycles.boundary(books.now, recurring, 1)
    if moment <= books.now:
        message = "billing_cycle_anchor must be a future timestamp."
        raise StripeError(message, param="billing_cycle_anchor")
    if moment > latest and "trial_end" not in params and "trial_period_days" not in params:
        message = (
            "billing_cycle_anchor cannot be later than next natural billing date "
            f"({latest}) for plan."
        )
        raise StripeError(message, param="billing_cycle_anchor")
    return moment, None


def _check_end(books: Books, subscription: Json, params: Json) -> None:
    moment = subscription["cancel_at"]
    if moment is None:
        return
    if params.get("cancel_at_period_end") and "cancel_at" in params:
        message = "You may only specify one of these parameters: cancel_at, cancel_at_period_end."
        raise conflict(message, "parameters_exclusive", param="cancel_at")
    if moment <= books.now:
        raise StripeError("`cancel_at` must be in the future.", param="cancel_at")


def _pays_at_once(subscription: Json, params: Json) -> bool:
    if subscription["status"] == "trialing":
        return False
    has_later_anchor = subscription["billing_cycle_anchor"] > subscription["created"]
    return not (has_later_anchor and params.get("proration_behavior") == "none")


def _check_method(books: Books, subscription: Json, customer: Json, params: Json) -> None:
    charges = subscription["collection_method"] == "charge_automatically"
    if not charges or not _pays_at_once(subscription, params):
        return
    settings = customer.get("invoice_settings") or {}
    has_method = subscription["default_payment_method"] or settings.get("default_payment_method")
    if has_method or params.get("payment_behavior") == "default_incomplete":
        return
    message = (
        "This customer has no attached payment source or default payment method. Please consider "
        "adding a default payment method."
    )
    raise StripeError(message, code="resource_missing")


def _bill_start(books: Books, subscription: Json, params: Json) -> Json:
    is_trial = subscription["status"] == "trialing"
    if not is_trial and not _pays_at_once(subscription, params):
        return subscription
    lines = _start_lines(books, subscription, params, is_trial)
    invoice = billing.bill(books, subscription, lines, "subscription_create")
    if subscription["collection_method"] == "charge_automatically" or is_trial:
        invoice = billing.collect_now(books, subscription, invoice)
    after = {**subscription, "latest_invoice": invoice["id"]}
    if invoice["status"] == "open" and not is_trial:
        after["status"] = "incomplete"
    return books.save(after)


def _start_lines(books: Books, subscription: Json, params: Json, is_trial: bool) -> list[Json]:
    begin, end = books.now, life.period_end(subscription)
    recurring = life.recurring_of(subscription)
    month = cycles.boundary(begin, recurring, 1) - begin
    is_part = subscription["billing_cycle_anchor"] > books.now and not is_trial
    found = billing.period_lines(
        books, subscription, begin, end, whole=month if is_part else None, is_trial=is_trial
    )
    since = subscription["start_date"]
    if since < begin and params.get("proration_behavior") != "none":
        found += billing.period_lines(books, subscription, since, begin, whole=month)
    return found
