"""CSV that spreadsheets may safely read, with numbers that stay exact."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
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
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([safe_cell(name) for name in header])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
