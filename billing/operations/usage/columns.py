"""A batch of ordinary events in columns: a thousand are looked at together, not one by one.

Whatever is odd in one of them gives no columns, and the batch is read event by event
(`billing.operations.usage.reading`), where each mistake gets its own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from billing.models.usage import LONGEST_KEY
from billing.operations.usage.fields import LONGEST_NAME, LONGEST_VALUE, quantity_of
from billing.operations.usage.sent import Sent

_QUANTITIES = re.compile(r"(?:-?[0-9]{1,15}(?:\.[0-9]{1,12})?\n)*+")
_MOMENTS = re.compile(
    r"(?:(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])\n)*+"
)
# Names and values of five fields stand in quotes, and the other two fields' names.
_QUOTES, _QUOTES_OF_NAME = 16, 2
_MOST_REMEMBERED = 20_000


class _Row(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    idempotency_key: str
    organization: str
    meter: str
    time: str
    quantity: msgspec.Raw = msgspec.Raw(b"")
    dimensions: msgspec.Raw = msgspec.Raw(b"")


_rows = msgspec.json.Decoder(list[_Row])
_texts = msgspec.json.Decoder(dict[str, str])


@dataclass
class Columns:
    """Events of usage whose fields can all be read; row by row they are `Sent`.

    `quantities` are decimal numbers as texts, empty where none was given; `dimensions` are JSON
    objects as they came, empty likewise. `moments` keep the zones that they were sent with.
    """

    keys: list[str]
    organizations: list[str]
    meters: list[str]
    times: list[str]
    moments: list[datetime]
    quantities: list[str]
    dimensions: list[bytes]

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Sent]:
        return map(self.sent, range(len(self.keys)))

    def sent(self, index: int) -> Sent:
        """Return one event."""
        quantity = self.quantities[index]
        return Sent(
            self.keys[index],
            self.organizations[index],
            self.meters[index],
            quantity_of(quantity) if quantity else None,
            self.moments[index].astimezone(UTC),
            dict(texts_of(self.dimensions[index]) or {}),
        )


def columns_of(body: bytes, most: int) -> Columns | int | None:
    """Return the columns of a JSON list of ordinary events, None where there is an odd one.

    The number of events comes back instead when there are more than `most`.
    """
    if b"\\" in body:
        return None
    try:
        rows = _rows.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not 0 < len(rows) <= most:
        return len(rows) or None
    raw = [bytes(row.quantity) for row in rows]
    dimensions = [bytes(row.dimensions) for row in rows]
    if _holds_a_name_twice(body, raw, dimensions) or not b"".join(raw).isascii():
        return None
    if not all(map(_are_texts, set(dimensions))):
        return None
    found = Columns(
        keys=[row.idempotency_key for row in rows],
        organizations=[row.organization for row in rows],
        meters=[row.meter for row in rows],
        times=[row.time for row in rows],
        moments=[],
        quantities=[text.decode() for text in raw],
        dimensions=dimensions,
    )
    return found if _is_ordinary(found) else None


def _holds_a_name_twice(body: bytes, quantities: list[bytes], dimensions: list[bytes]) -> bool:
    """Tell whether the decoder passed over a field, of which it takes the last of one name.

    Without backslashes each quotation mark begins or ends a text, so that it shows in their number.
    """
    count = len(quantities)
    expected = _QUOTES * count
    for column in (quantities, dimensions):
        expected += _QUOTES_OF_NAME * (count - column.count(b"")) + b"".join(column).count(b'"')
    return body.count(b'"') != expected


def _is_ordinary(found: Columns) -> bool:
    """Tell whether nothing is odd, and read the columns of quantities and moments."""
    if not _are_plain(found.keys, LONGEST_KEY):
        return False
    if not _are_plain({*found.organizations, *found.meters}, LONGEST_NAME):
        return False
    quantities = [text[1:-1] if text[:1] == '"' else text for text in found.quantities]
    given = list(filter(None, quantities))
    if not _matches(_QUANTITIES, given) or len(given) + found.quantities.count("") != len(found):
        return False
    found.quantities = quantities
    if not _matches(_MOMENTS, found.times):
        return False
    try:
        found.moments = list(map(datetime.fromisoformat, found.times))
    except ValueError:
        return False
    return True


def _are_plain(texts: list[str] | set[str], longest: int) -> bool:
    is_short = max(map(len, texts)) <= longest
    return is_short and "".join(texts).isprintable() and all(map(str.strip, texts))


def _matches(pattern: re.Pattern[str], texts: list[str]) -> bool:
    joined = "".join([text + "\n" for text in texts])
    return joined.count("\n") == len(texts) and pattern.fullmatch(joined) is not None


@lru_cache(_MOST_REMEMBERED)
def texts_of(dimensions: bytes) -> dict[str, str] | None:
    """Return the dimensions of an ordinary event, not to be changed; None where they are odd."""
    try:
        found = _texts.decode(dimensions) if dimensions else {}
    except msgspec.DecodeError:
        return None
    if dimensions.count(b'"') != 4 * len(found):  # a name twice
        return None
    values = found.values()
    return found if all(len(one) <= LONGEST_VALUE and one.isprintable() for one in values) else None


def _are_texts(dimensions: bytes) -> bool:
    return texts_of(dimensions) is not None
