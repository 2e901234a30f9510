"""Products."""

from sandbox.books import Json
from sandbox.catalog import PRODUCT_FIELDS, new_price, new_product
from sandbox.errors import conflict
from sandbox.events import record, record_update
from sandbox.lists import as_list, paginate, pick
from sandbox.metadata import apply
from sandbox.routes import Call, operation
from sandbox.spec.objects import build


@operation("POST", "/v1/products")
def create_product(call: Call) -> Json:
    """Create a product, with its default price when ``default_price_data`` is given."""
    body = new_product(call.books, call.params)
    if "default_price_data" in call.params:
        price = new_price(call.books, {**call.params["default_price_data"], "product": body["id"]})
        body = call.books.save({**body, "default_price": price["id"]})
    return body


@operation("GET", "/v1/products/{id}")
def retrieve_product(call: Call) -> Json:
    """Return a product, or the stub of a deleted one."""
    found = call.books.find(call.id)
    if found is not None and found.get("deleted"):
        return found
    return call.books.get("product", call.id)


@operation("POST", "/v1/products/{id}")
def update_product(call: Call) -> Json:
    """Change the given fields of a product."""
    before = call.books.get("product", call.id)
    after = apply(before, call.params, *PRODUCT_FIELDS, "default_price")
    after["updated"] = call.books.now
    return record_update(call.books, "product.updated", before, after)


@operation("DELETE", "/v1/products/{id}")
def delete_product(call: Call) -> Json:
    """Delete a product that has no price."""
    before = call.books.get("product", call.id)
    if call.books.where("price", product=before["id"]):
        message = "This product cannot be deleted because it has one or more user-created prices."
        raise conflict(message, "product_inactive")
    stub = build("deleted_product", id=before["id"], deleted=True)
    call.books.mark_deleted(stub)
    record(call.books, "product.deleted", before)
    return stub


@operation("GET", "/v1/products")
def list_products(call: Call) -> Json:
    """List products, newest first."""
    filters = pick(call.params, "active", "shippable", "url")
    if "ids" not in call.params:
        return paginate(call, "product", filters)
    wanted = ",".join(call.params["ids"])
    return paginate(call, "product", filters, ("instr(',' || ? || ',', ',' || id || ',')", wanted))


@operation("GET", "/v1/products/{product}/features")
def list_features(call: Call) -> Json:
    """List a product's features: none, the sandbox has no entitlements."""
    call.books.get("product", call.ids["product"])
    return as_list([], call.path)
