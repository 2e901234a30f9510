"""The request's body: JSON without the freedoms in which two readers disagree.

Refused: other encodings than UTF-8, a name twice in one object, NaN and Infinity, numbers beyond
all reason, control characters, lone surrogates, deep nesting, and more bytes than the view takes.
Numbers with a fraction arrive as Decimal, never as float.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import IO, Any, NoReturn

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser

from core.api.pointers import step
from core.api.problems import FieldError, Problem

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 20
_MAX_EXPONENT = 100
_LINE_BREAKS_AND_TABS = frozenset("\n\r\t")


class StrictJSONParser(BaseParser):
    """REST framework's parser for all endpoints."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the body's value; raises a Problem: 400, 413 or 415.

        The value is an object unless the view says `accepts_list = True`.
        """
        view = (parser_context or {}).get("view")
        _refuse_other_charset(media_type or "")
        raw = read_at_most(stream, getattr(view, "max_body_bytes", MAX_BODY_BYTES))
        value = parse(raw)
        _refuse_other_shape(value, may_be_list=getattr(view, "accepts_list", False))
        return value


def read_at_most(stream: IO[Any], limit: int) -> bytes:
    """Return all bytes of a stream; raises a Problem (413) beyond `limit` of them."""
    raw: bytes = stream.read(limit + 1)
    if len(raw) > limit:
        raise too_large(limit)
    return raw


def too_large(limit: int) -> Problem:
    """Return the 413 that says how much is allowed."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"The body is larger than the {limit:,} bytes allowed here. Send it in parts.",
    )


def parse(raw: bytes) -> Any:
    """Return the JSON value in `raw`; raises a Problem (400) that points at the mistake."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_Object.of_pairs,
            parse_constant=_refuse_constant,
            parse_float=_number,
        )
    except UnicodeDecodeError as error:
        raise _malformed(f"The body is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise _malformed(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _malformed(f"The body is not JSON: {error.msg}, {where}.") from None
    except ValueError as error:
        raise _malformed(f"The body is not acceptable JSON: {_shortly(error)}.") from None
    mistakes = list(_mistakes(value, "#", 0))
    if mistakes:
        raise _malformed(mistakes[0].detail, mistakes)
    return value


class _Object(dict[str, Any]):
    """A JSON object that remembers the names it was given twice."""

    twice: tuple[str, ...] = ()

    @classmethod
    def of_pairs(cls, pairs: list[tuple[str, Any]]) -> _Object:
        found = cls(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            found.twice = tuple(sorted({name for name in names if names.count(name) > 1}))
        return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON knows")


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("a number is out of range") from None
    if abs(number.adjusted()) > _MAX_EXPONENT or len(text) > 2 * _MAX_EXPONENT:
        raise ValueError("a number is out of range")
    return number


def _mistakes(value: Any, pointer: str, depth: int) -> Iterator[FieldError]:
    if depth > MAX_DEPTH:
        yield FieldError(f"Nested deeper than {MAX_DEPTH} levels.", "too_deep", pointer)
    elif isinstance(value, str):
        yield from _text_mistakes(value, pointer)
    elif isinstance(value, _Object):
        for name in value.twice:
            yield FieldError("This name stands here twice.", "duplicate_name", step(pointer, name))
        for name, inner in value.items():
            yield from _text_mistakes(name, pointer)
            yield from _mistakes(inner, step(pointer, name), depth + 1)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _mistakes(inner, step(pointer, index), depth + 1)


def _text_mistakes(text: str, pointer: str) -> Iterator[FieldError]:
    if any("\ud800" <= character <= "\udfff" for character in text):
        yield FieldError("Half of a character (a lone surrogate).", "lone_surrogate", pointer)
    elif has_control_characters(text):
        yield FieldError("Control characters are not allowed.", "control_character", pointer)


def has_control_characters(text: str, *, line_breaks: bool = True) -> bool:
    """Return whether a text holds control characters (C0, DEL, C1).

    Line breaks and tabs count as such only without `line_breaks`.
    """
    if text.isprintable():
        return False
    allowed = _LINE_BREAKS_AND_TABS if line_breaks else frozenset()
    return any(
        (character < " " or "\x7f" <= character <= "\x9f") and character not in allowed
        for character in text
    )


def _refuse_other_charset(media_type: str) -> None:
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip(' "').lower() not in {
            "utf-8",
            "utf8",
        }:
            raise UnsupportedMediaType(media_type)


def _refuse_other_shape(value: Any, *, may_be_list: bool) -> None:
    if isinstance(value, dict) or (may_be_list and isinstance(value, list)):
        return
    wanted = "an object or a list" if may_be_list else "an object"
    raise _malformed(f"The body must be {wanted}.")


def _malformed(detail: str, errors: list[FieldError] | None = None) -> Problem:
    found = errors or [FieldError(detail, code="malformed_body", pointer="#")]
    return Problem(HTTPStatus.BAD_REQUEST, "malformed_body", detail, errors=found[:50])


def _shortly(error: ValueError) -> str:
    # Python's words for a huge integer name a limit of the interpreter.
    text = str(error)
    return "a number is out of range" if "integer string conversion" in text else text
