"""Merge metadata as Stripe does: an empty value drops a key, an empty string drops them all."""

from sandbox.books import Json
from sandbox.errors import StripeError
from sandbox.parameters import MAX_KEYS


def merge(old: Json | None, new: Json | str | None) -> Json:
    """Return the metadata after an update.

    Raises StripeError (400) when more than fifty keys would remain.
    """
    if new is None:
        return dict(old or {})
    if isinstance(new, str):
        return {}
    merged = {name: value for name, value in {**(old or {}), **new}.items() if value != ""}
    if len(merged) > MAX_KEYS:
        message = f"You can only specify up to {MAX_KEYS} metadata keys."
        raise StripeError(message, param="metadata")
    return merged


def unset(value: object) -> object:
    """Return None for the empty string with which a parameter is unset."""
    return None if value == "" else value


def apply(body: Json, params: Json, *fields: str) -> Json:
    """Return a copy of an object with the given fields and metadata updated from parameters."""
    changed = {name: unset(params[name]) for name in fields if name in params}
    updated = {**body, **changed}
    if "metadata" in params:
        updated["metadata"] = merge(body.get("metadata"), params["metadata"])
    return updated
