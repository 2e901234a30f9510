"""Replace ids by the objects they name, as ``expand[]`` asks.

Source: Stripe API reference, "Expanding responses".
"""

from collections.abc import Callable
from typing import Any

from sandbox.books import Books, Json
from sandbox.errors import StripeError
from sandbox.spec.document import resources

DEEPEST = 4
Include = Callable[[Books, Json], Any]
INCLUDES: dict[tuple[str, str], Include] = {}


def include(kind: str, field: str) -> Callable[[Include], Include]:
    """Register the function below as what fills a field that only shows when expanded."""

    def register(fill: Include) -> Include:
        INCLUDES[kind, field] = fill
        return fill

    return register


def _refuse(path: str, node: Json) -> StripeError:
    message = f"This property cannot be expanded ({path})."
    if node.get("object") == "list":
        message += f" You may want to try expanding 'data.{path}' instead."
    return StripeError(message)


def _check(node: Json, field: str, path: str) -> None:
    schema = resources().get(node.get("object", ""))
    if schema is not None:
        known = field in schema.get("x-expandableFields", ()) or field in schema["properties"]
        plain = known and field not in schema.get("x-expandableFields", ())
        if not known or (plain and not isinstance(node.get(field), dict | list)):
            raise _refuse(path, node)


def _fill(books: Books, node: Json, field: str) -> Any:
    value = node.get(field)
    if isinstance(value, str):
        found = books.find(value)
        return value if found is None else found
    fill = INCLUDES.get((node.get("object", ""), field))
    return fill(books, node) if fill else value


def _walk(books: Books, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(books, item, parts, path)
        return
    if not parts or not isinstance(node, dict):
        return
    field, rest = parts[0], parts[1:]
    if node.get("object") == "list":
        if field != "data":
            raise _refuse(path, node)
    else:
        _check(node, field, path)
        value = _fill(books, node, field)
        if value is not None or field in node:
            node[field] = value
    _walk(books, node.get(field), rest, path)


def expand(books: Books, body: Json, paths: list[str]) -> Json:
    """Fill in the named fields of an answer, in place, and return it.

    A path is dotted, through lists as ``data.payment_intent``, four levels at most. Raises
    StripeError (400) for a property that the spec does not let expand.
    """
    for path in paths:
        parts = path.split(".")
        if len(parts) > DEEPEST:
            message = f"You cannot expand more than {DEEPEST} levels of a property."
            raise StripeError(message, param="expand")
        _walk(books, body, parts, path)
    return body
