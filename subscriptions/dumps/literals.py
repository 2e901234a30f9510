"""What stands in the rows of INSERTs: literals of MySQL as plain texts."""

from __future__ import annotations

import re

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_QUOTED = r"""'(?:[^'\\]++|\\.|'')*+'"""
_DOUBLE = r'''"(?:[^"\\]++|\\.|"")*+"'''
_BARE = r"[A-Za-z0-9_.+\-]++"
_VALUE = f"(?:{_QUOTED}|{_DOUBLE}|{_BARE})"

# A row of plain literals, and any row at all: parentheses that close, up to three deep.
ROW = re.compile(rf"\(\s*+{_VALUE}(?:\s*+,\s*+{_VALUE})*+\s*+\)(?=\s*[,;A-Za-z])", re.DOTALL)
_INNER = rf"(?:[^()'\"]++|{_QUOTED}|{_DOUBLE})"
ROW_OF_ANYTHING = re.compile(
    rf"\((?:{_INNER}|\((?:{_INNER}|\({_INNER}*+\))*+\))*+\)(?=\s*[,;A-Za-z])", re.DOTALL
)
_VALUES = re.compile(_VALUE, re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:[0-9]++\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# MySQL manual, String Literals: special characters; \% and \_ keep their backslash.
_ESCAPES = {
    "0": "\x00",
    "b": "\b",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "Z": "\x1a",
    "%": "\\%",
    "_": "\\_",
}
_WORDS: dict[str, str | None] = {"NULL": None, "TRUE": "1", "FALSE": "0"}


class OddValue(Exception):
    """A value that is no literal; the message names it."""


def columns_of(schema: exp.Schema) -> dict[str, str]:
    """Return the columns of a table, in order, with their types."""
    return {
        column.name: column.kind.sql("mysql") if column.kind else ""
        for column in schema.expressions
        if isinstance(column, exp.ColumnDef)
    }


def plain_row(row: str) -> list[str | None]:
    """Return the values of a row that ROW has matched."""
    return [_plain(value) for value in _VALUES.findall(row)]


def _plain(value: str) -> str | None:
    quote = value[0]
    if quote in ("'", '"'):
        text = value[1:-1]
        if quote in text:
            text = text.replace(quote * 2, quote) if "\\" not in text else _undoubled(text, quote)
        return _ESCAPED.sub(_unescaped, text) if "\\" in text else text
    word = value.upper()
    if word in _WORDS:
        return _WORDS[word]
    if _NUMBER.fullmatch(value):
        return value
    return odd_row(f"({value})")[0]


def _undoubled(text: str, quote: str) -> str:
    """Halve doubled quotes, but not one that a backslash belongs to."""
    pattern = re.compile(rf"(\\.)|{quote}{quote}", re.DOTALL)
    return pattern.sub(lambda found: found[1] or quote, text)


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[1], found[1])


def odd_row(row: str) -> list[str | None]:
    """Return the values of any row, read by sqlglot: hexadecimal, bits, character set prefixes.

    Raises OddValue for what has no value without a server, such as a function.
    """
    try:
        parsed = sqlglot.parse_one(f"SELECT {row.strip()[1:-1]}", read="mysql")
    except (SqlglotError, RecursionError) as error:
        raise OddValue(repr(row[:60])) from error
    return [_literal(value) for value in parsed.expressions]


def _literal(value: exp.Expression) -> str | None:
    match value:
        case exp.Null():
            return None
        case exp.Neg():
            return f"-{_literal(value.this)}"
        case exp.Introducer():
            return _literal(value.expression)
        case exp.Cast() | exp.Paren():
            return _literal(value.this)
    return _text(value)


def _text(value: exp.Expression) -> str:
    match value:
        case exp.Boolean():
            return "1" if value.this else "0"
        case exp.Literal():
            return str(value.this)
        case exp.HexString():
            return _bytes(str(value.this))
        case exp.BitString():
            return str(int(str(value.this), 2))
    raise OddValue(value.sql("mysql")[:60])


def _bytes(digits: str) -> str:
    """Return hexadecimal text; mysqldump --hex-blob writes it for binary columns."""
    digits = digits.removeprefix("0x")
    try:
        if not digits.isdigit() or len(digits) % 2 == 0:
            return bytes.fromhex(digits).decode()
    except ValueError:
        pass
    return f"0x{digits}"
