"""CSV files that say what links to make: read into rows of text, one for each link."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LARGEST_BYTES: Final = 1024 * 1024
MOST_ROWS: Final = 1_000
COLUMNS: Final = (
    "title", "amount", "currency", "description", "reference", "starts_at", "expires_at",
    "max_payments", "customer_name", "customer_email", "after_payment_message", "pricing",
    "min_amount", "max_amount", "preset_amount", "min_part",
)  # fmt: skip
_DELIMITERS: Final = ",;\t"


class FileRefused(Exception):
    """The file cannot be read as a sheet; nothing was made."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row: the line of the file on which it begins, and its cells by column."""

    line: int
    cells: dict[str, str]


def decode(data: bytes) -> str:
    """Return the text of a file: UTF-8, else Windows' cp1252. Raises FileRefused."""
    if len(data) > LARGEST_BYTES:
        raise FileRefused("The file is larger than 1 MB: split it.")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileRefused("This is not a text file: save the sheet as CSV (UTF-8).")


def read_rows(text: str) -> list[FileRow]:
    """Return the rows under the header; empty lines are passed over. Raises FileRefused."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text or len(text.encode(errors="replace")) > LARGEST_BYTES:
        raise FileRefused("This is not a text file of up to 1 MB: save the sheet as CSV (UTF-8).")
    lines = list(_lines(text))
    if len(lines) < 2:
        raise FileRefused("The file needs a line that names the columns, and a row for each link.")
    if len(lines) - 1 > MOST_ROWS:
        raise FileRefused(f"The file has {len(lines) - 1:,} rows: at most {MOST_ROWS:,} at once.")
    header = _header(lines[0][1])
    return [FileRow(line, _cells(header, cells)) for line, cells in lines[1:]]


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key="".join(header.split('"')[::2]).count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(f"The row from line {begins} on cannot be read: {error}.") from error


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().lower().replace(" ", "_") for cell in cells]
    odd = [name for name in names if name and name not in COLUMNS]
    if odd:
        known = ", ".join(COLUMNS)
        raise FileRefused(f"There is no column {odd[0][:40]!r}. The columns are: {known}.")
    if len(set(names)) < len(names):
        raise FileRefused("A column stands in the file twice.")
    return names


def _cells(header: list[str], cells: list[str]) -> dict[str, str]:
    named = zip(header, cells, strict=False)
    row = {name: cell.strip() for name, cell in named if name and cell.strip()}
    if any(cell.strip() for cell in cells[len(header) :]):
        row["(more)"] = "more"
    return row
