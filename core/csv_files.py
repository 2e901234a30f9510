"""CSV that spreadsheets may safely read, with numbers that stay exact."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal

# What makes a spreadsheet take a text for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) and not isinstance(value, int) else text


def write_csv(header: Iterable[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a CSV file in UTF-8 with the mark that spreadsheets want, safe from formulas."""
    return b"".join(stream_csv(header, [rows]))


def stream_csv(
    header: Iterable[str], pages: Iterable[Iterable[Iterable[object]]]
) -> Iterator[bytes]:
    """Yield the same file page by page of its rows, however many there are."""
    yield _written([header]).encode("utf-8-sig")
    for rows in pages:
        yield _written(rows).encode()


def _written(rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue()
