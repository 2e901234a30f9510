"""From the bytes of a batch to events.

Batches of ordinary events are read in columns; any oddity sends the batch the slow way, event by
event, where each mistake gets its own words. Both ways take and refuse the same.
"""

from __future__ import annotations

import json
from typing import Any

from billing.models.usage import LONGEST_KEY
from billing.operations.usage.columns import Columns, columns_of
from billing.operations.usage.fields import (
    LONGEST_NAME,
    LONGEST_REASON,
    Number,
    dimension_value,
    moment_of,
    plain_text,
    quantity_of,
)
from billing.operations.usage.sent import Refused, Sent, Unacceptable

MOST_EVENTS = 1000
FIELDS = (
    "idempotency_key", "organization", "meter", "quantity", "time", "dimensions",
    "action", "corrects", "reason",
)  # fmt: skip
_STAYS = ("organization", "meter", "quantity", "time", "dimensions")


class BatchUnreadable(Exception):
    """The bytes are no JSON list; no event of it can be told from another."""


class BatchTooLong(Exception):
    """More events than one call takes."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"There are {count} events in the list and one call takes {MOST_EVENTS}. None was "
            "stored: send them in several calls, with the same keys."
        )


def read_batch(body: bytes) -> list[Sent | Refused] | Columns:
    """Return the events of a JSON list, in order; raises BatchUnreadable and BatchTooLong."""
    ordinary = columns_of(body, MOST_EVENTS)
    if isinstance(ordinary, int):
        raise BatchTooLong(ordinary)
    if ordinary is not None:
        return ordinary
    listed = _parse(body)
    if type(listed) is not list:
        raise BatchUnreadable("The body must be a list of events: [{...}, {...}].")
    if len(listed) > MOST_EVENTS:
        raise BatchTooLong(len(listed))
    return [read_event(one) for one in listed]


def read_line(line: bytes) -> Sent | Refused:
    """Return the event in one line of JSON."""
    try:
        return read_event(_parse(line))
    except BatchUnreadable as error:
        return Refused(None, str(error))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written, with names that stand there twice."""


def _parse(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_Pairs,
            parse_float=Number,
            parse_int=Number,
            # Python writes NaN and Infinity, which are no JSON: such an event is refused alone.
            parse_constant=Number,
        )
    except UnicodeDecodeError as error:
        raise BatchUnreadable(f"This is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise BatchUnreadable("This is nested too deeply.") from None
    except ValueError as error:
        raise BatchUnreadable(f"This is not JSON: {error}.") from None


def read_event(value: Any) -> Sent | Refused:
    """Return the event that a JSON object or a dict of texts gives, or why it gives none."""
    key = None
    try:
        fields = _fields_of(value)
        key = plain_text(_needed(fields, "idempotency_key"), "idempotency_key", LONGEST_KEY)
        _refuse_unknown(fields)
        return _read_usage(key, fields) if "action" not in fields else _read_other(key, fields)
    except Unacceptable as mistake:
        return mistake.of(key)


def _fields_of(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if not isinstance(value, _Pairs):
        raise Unacceptable("An event is an object: {...}.")
    fields = dict(value)
    if len(fields) != len(value):
        names = [name for name, _ in value]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unacceptable("This name stands here twice.", twice)
    return fields


def _refuse_unknown(fields: dict[str, Any]) -> None:
    unknown = next((name for name in fields if name not in FIELDS), None)
    if unknown is not None:
        where = unknown.replace("~", "~0").replace("/", "~1")
        raise Unacceptable(f"There is no field of this name; there are {', '.join(FIELDS)}.", where)


def _needed(fields: dict[str, Any], name: str) -> Any:
    if name not in fields:
        raise Unacceptable("This field is missing.", name)
    return fields[name]


def _read_usage(key: str, fields: dict[str, Any]) -> Sent:
    for name in ("corrects", "reason"):
        if name in fields:
            raise Unacceptable('This goes with "action": "replace" or "void" only.', name)
    for name in ("organization", "meter", "time"):
        _needed(fields, name)
    return Sent(key, *_content(fields))


def _read_other(key: str, fields: dict[str, Any]) -> Sent:
    kind = fields["action"]
    if kind not in ("replace", "void") or isinstance(kind, Number):
        raise Unacceptable('Give "replace" or "void", or leave it out.', "action")
    corrects = plain_text(_needed(fields, "corrects"), "corrects", LONGEST_KEY)
    reason = plain_text(_needed(fields, "reason"), "reason", LONGEST_REASON)
    if kind == "void":
        for name in ("quantity", "time", "dimensions"):
            if name in fields:
                raise Unacceptable("A void takes the whole event back and has none.", name)
    elif not any(name in fields for name in ("quantity", "time", "dimensions")):
        words = "A replacement gives quantity, time or dimensions; what it leaves out stays."
        raise Unacceptable(words, "action")
    organization, meter, quantity, time, dimensions = _content(fields)
    given = dimensions if "dimensions" in fields else None
    return Sent(key, organization, meter, quantity, time, given, kind, corrects, reason)


def _content(fields: dict[str, Any]) -> tuple[Any, Any, Any, Any, dict[str, str]]:
    """Return organization, meter, quantity, time, dimensions; None for those left out."""
    return (
        _name(fields, "organization"),
        _name(fields, "meter"),
        _quantity(fields["quantity"]) if "quantity" in fields else None,
        _moment(fields["time"]) if "time" in fields else None,
        _dimensions(fields.get("dimensions", {})),
    )


def _name(fields: dict[str, Any], name: str) -> str | None:
    return plain_text(fields[name], name, LONGEST_NAME) if name in fields else None


def _quantity(value: Any) -> Any:
    if not isinstance(value, str):
        raise Unacceptable('Give a decimal number, such as 12.5 or "12.5".', "quantity")
    return quantity_of(value)


def _moment(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Number):
        words = "Give a moment with its zone as a text, such as 2026-01-31T12:00:00Z."
        raise Unacceptable(words, "time")
    return moment_of(value)


def _dimensions(value: Any) -> dict[str, str]:
    if not isinstance(value, dict | _Pairs):
        raise Unacceptable('Give an object of texts, such as {"app": "web"}.', "dimensions")
    fields = dict(value)
    if len(fields) != len(value):
        raise Unacceptable("A name stands here twice.", "dimensions")
    return {name: dimension_value(text, name) for name, text in fields.items()}
