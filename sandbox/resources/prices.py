"""Prices."""

from sandbox.books import Json
from sandbox.catalog import new_price
from sandbox.errors import StripeError
from sandbox.events import record_update
from sandbox.lists import paginate, pick
from sandbox.metadata import apply
from sandbox.routes import Call, operation


@operation("POST", "/v1/prices")
def create_price(call: Call) -> Json:
    """Create a per-unit price, one-time or recurring."""
    if call.params.get("billing_scheme") == "tiered" or "tiers" in call.params:
        raise StripeError("The sandbox has per-unit prices only.", param="billing_scheme")
    return new_price(call.books, call.params)


@operation("GET", "/v1/prices/{price}")
def retrieve_price(call: Call) -> Json:
    """Return a price."""
    return call.books.get("price", call.id)


@operation("POST", "/v1/prices/{price}")
def update_price(call: Call) -> Json:
    """Change what may change of a price; its amount never does."""
    before = call.books.get("price", call.id)
    after = apply(before, call.params, "active", "lookup_key", "nickname", "tax_behavior")
    return record_update(call.books, "price.updated", before, after)


@operation("GET", "/v1/prices")
def list_prices(call: Call) -> Json:
    """List prices, newest first."""
    filters = pick(call.params, "active", "currency", "product", "type")
    if "lookup_keys" not in call.params:
        return paginate(call, "price", filters)
    wanted = ",".join(call.params["lookup_keys"])
    test = "instr(',' || ? || ',', ',' || json_extract(body, '$.lookup_key') || ',')"
    return paginate(call, "price", filters, (test, wanted))
