"""Pages of objects: cursors, filters and ``created`` ranges, newest first.

Source: Stripe API reference, "Pagination".
"""

import json
from typing import Any

from sandbox.books import Json
from sandbox.errors import StripeError, no_such
from sandbox.routes import Call

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
MOST = 100


def page_size(params: Json) -> int:
    """Return the limit of a list; StripeError (400) outside 1 to 100."""
    limit: int = params.get("limit", 10)
    if not 1 <= limit <= MOST:
        message = f"This value must be between 1 and {MOST}."
        raise StripeError(f"Invalid integer: {limit}. {message}", param="limit")
    return limit


def pick(params: Json, *names: str) -> Json:
    """Return the named parameters that were given, as filters for ``paginate``."""
    return {name: params[name] for name in names if name in params}


def moments(wanted: Any, column: str) -> list[tuple[str, Any]]:
    """Return the tests that a filter by time asks for: a moment, or gt/gte/lt/lte."""
    if wanted is None:
        return []
    if isinstance(wanted, int):
        return [(f"{column} = ?", wanted)]
    return [(f"{column} {COMPARISONS[name]} ?", value) for name, value in wanted.items()]


def _cursor(call: Call, name: str) -> int:
    object_id = call.params[name]
    row = call.books.store.row(
        "select seq, kind from objects where account = ? and id = ?",
        call.books.account,
        object_id,
    )
    if row is None:
        raise no_such("object", object_id, name, 400)
    return int(row["seq"])


def paginate(call: Call, kind: str, filters: Json | None = None, *tests: tuple[str, Any]) -> Json:
    """Return one page of the account's objects of a kind, newest first.

    ``filters`` are top-level fields and their values; ``tests`` are further SQL conditions, each
    with one value. Raises StripeError for a bad limit or an unknown cursor.
    """
    limit = page_size(call.params)
    clauses: list[tuple[str, Any]] = [("account = ?", call.books.account)]
    for name, value in (filters or {}).items():
        clauses.append((f"json_extract(body, '$.{name}') is ?", value))
    clauses += [*moments(call.params.get("created"), "created"), *tests]
    backwards = "ending_before" in call.params
    if backwards and "starting_after" in call.params:
        message = "You can only use one of `starting_after` and `ending_before`."
        raise StripeError(message, code="parameters_exclusive")
    if backwards:
        clauses.append(("seq > ?", _cursor(call, "ending_before")))
    if "starting_after" in call.params:
        clauses.append(("seq < ?", _cursor(call, "starting_after")))
    order = "asc" if backwards else "desc"
    rows = call.books.store.rows(
        # The kind is written out, for SQLite to use the indexes that are for one kind.
        f"select body from objects where kind = '{kind}' and not deleted and "
        f"{' and '.join(c for c, _ in clauses)} order by seq {order} limit ?",
        *(value for _, value in clauses),
        limit + 1,
    )
    found = [json.loads(row["body"]) for row in rows[:limit]]
    if backwards:
        found.reverse()
    return as_list(found, call.path, has_more=len(rows) > limit)


def as_list(items: list[Json], url: str, *, has_more: bool = False) -> Json:
    """Wrap objects as one of Stripe's lists."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}


def slice_page(call: Call, items: list[Json]) -> Json:
    """Return one page of objects that are not stored one by one, in the order given."""
    limit = page_size(call.params)
    positions = {item["id"]: index for index, item in enumerate(items)}
    start, end = 0, len(items)
    if "starting_after" in call.params:
        start = positions.get(call.params["starting_after"], -1) + 1
    if "ending_before" in call.params:
        end = positions.get(call.params["ending_before"], 0)
        start = max(start, end - limit)
    return as_list(items[start : min(end, start + limit)], call.path, has_more=start + limit < end)
