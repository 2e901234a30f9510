"""The fields of one event, each exactly as the contract has it (docs/usage-events.md)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Context, Decimal

from billing.operations.usage.sent import Unacceptable

MOST_DECIMALS = 12
MOST_WHOLE_DIGITS = 15
LONGEST_NAME = 64
LONGEST_VALUE = 200
LONGEST_REASON = 300

# Sums of very many quantities stay exact in it; the default context rounds at 28 digits.
EXACT = Context(prec=80)

_PLAIN_QUANTITY = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,12})?")
_QUANTITY = re.compile(r"-?[0-9]{1,60}(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,4})?")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class Number(str):
    """A number of JSON by its digits, so that no float ever stands in for it."""

    __slots__ = ()


def quantity_of(text: str) -> Decimal:
    """Return the exact quantity that a text gives; raises Unacceptable."""
    if _PLAIN_QUANTITY.fullmatch(text):
        found = Decimal(text)
    elif _QUANTITY.fullmatch(text):
        found = _within_limits(Decimal(text))
    else:
        raise Unacceptable('Give a decimal number, such as 12.5 or "12.5".', "quantity")
    return found or Decimal(0)  # no negative zero


def _within_limits(number: Decimal) -> Decimal:
    if not number:
        return Decimal(0)
    if number.adjusted() >= MOST_WHOLE_DIGITS:
        words = f"A quantity has {MOST_WHOLE_DIGITS} digits before the point at most."
        raise Unacceptable(words, "quantity")
    # Digits count by value: 1.50000000000000 has one decimal.
    plain = number.normalize(Context(prec=140))
    exponent = plain.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MOST_DECIMALS:
        words = f"A quantity has {MOST_DECIMALS} decimals at most; round it before it is sent."
        raise Unacceptable(words, "quantity")
    return plain.quantize(Decimal(1), context=EXACT) if exponent > 0 else plain


def moment_of(text: str) -> datetime:
    """Return a moment in UTC; finer parts than a microsecond are cut off. Raises Unacceptable."""
    if not _MOMENT.fullmatch(text.upper()):
        words = "Give a moment with its zone, such as 2026-01-31T12:00:00Z."
        raise Unacceptable(words, "time")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unacceptable("There is no such moment.", "time") from None


def plain_text(text: object, name: str, longest: int) -> str:
    """Return a text that is neither empty nor too long nor odd; raises Unacceptable."""
    if not isinstance(text, str) or isinstance(text, Number):
        raise Unacceptable("Give a text, in quotes.", name)
    if not text.strip():
        raise Unacceptable("This may not be empty.", name)
    return _without_oddities(text, name, longest)


def dimension_value(value: object, name: str) -> str:
    """Return the value of one dimension; raises Unacceptable."""
    where = f"dimensions/{name.replace('~', '~0').replace('/', '~1')}"
    if not isinstance(value, str) or isinstance(value, Number):
        raise Unacceptable("The value of a dimension is a text, in quotes.", where)
    return _without_oddities(value, where, LONGEST_VALUE)


def _without_oddities(text: str, name: str, longest: int) -> str:
    if len(text) > longest:
        raise Unacceptable(f"This has {longest} characters at most.", name)
    if not text.isprintable():
        if any(character < " " or "\x7f" <= character <= "\x9f" for character in text):
            raise Unacceptable("Control characters are not allowed.", name)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise Unacceptable("Half of a character (a lone surrogate).", name)
    return text
