"""Controls of the shop: what it has made, and what is in stock."""

import json

from sandbox.books import Json
from sandbox.control.routes import Command, ControlError, control
from sandbox.shop.orders import ARTICLES


@control("GET", "/shop/orders")
def list_orders(command: Command) -> Json:
    """Return all orders, oldest first."""
    rows = command.sandbox.store.rows("select * from shop_answers where status = 200 order by seq")
    return {
        "orders": [
            {
                "order_id": json.loads(row["body"])["order_id"],
                "api_key": row["api_key"],
                "request_id": row["request_id"],
                "customer_id": row["customer_id"],
                "sku_id": row["sku_id"],
                "created": int(row["at"]),
                "asked": row["asked"],
            }
            for row in rows
        ]
    }


@control("GET", "/shop/answers")
def list_answers(command: Command) -> Json:
    """Return what each request id was answered, refusals too, oldest first."""
    names = ("api_key", "request_id", "customer_id", "sku_id", "status", "asked")
    rows = command.sandbox.store.rows("select * from shop_answers order by seq")
    return {"answers": [{name: row[name] for name in names} for row in rows]}


@control("POST", "/shop/stock")
def set_stock(command: Command) -> Json:
    """Say how many of an article are left."""
    given = command.read(sku_id=int, units=int)
    if given.keys() != {"sku_id", "units"}:
        raise ControlError("sku_id and units are needed")
    if given["sku_id"] not in ARTICLES or not 0 <= given["units"] <= 10**6:
        raise ControlError("no such article, or no such number of units")
    command.sandbox.store.execute(
        "insert or replace into shop_stock values (?, ?)", given["sku_id"], given["units"]
    )
    return given
