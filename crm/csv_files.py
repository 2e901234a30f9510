"""CSV as spreadsheets write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.csv_files import FORMULA

LARGEST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 100
DELIMITERS = ",;\t|"

# How columns are called in the wild, without case, blanks and signs.
SYNONYMS = {
    "name": ("name", "fullname", "contact", "contactname", "leadname", "naam", "nom"),
    "first_name": ("firstname", "givenname", "voornaam", "prenom", "vorname"),
    "last_name": ("lastname", "surname", "familyname", "achternaam", "nachname"),
    "email": ("email", "emailaddress", "mail", "emailadres", "courriel", "e_mail"),
    "phone": ("phone", "phonenumber", "telephone", "tel", "mobile", "mobilephone", "telefoon",
              "telefon", "cell"),
    "source": ("source", "leadsource", "origin", "channel", "bron", "campaign"),
    "source_id": ("sourceid", "id", "externalid", "leadid", "contactid", "recordid", "crmid"),
    "stage": ("stage", "leadstage", "status", "leadstatus"),
    "owner": ("owner", "owneremail", "counselor", "assignedto"),
    "team": ("team", "teams"),
    "next_action": ("nextaction", "nextstep", "todo"),
}  # fmt: skip


class FileRefused(Exception):
    """A file cannot be read as a list; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: the number of the line on which it begins, and its cells as they stand."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read: its header, which field each column is, and its rows."""

    header: list[str]
    fields: list[str]
    lines: list[Line]
    encoding: str
    delimiter: str

    def values(self, line: Line) -> dict[str, str]:
        """Return a row's cells by field; columns that mean nothing here are left out."""
        pairs = zip(self.fields, line.cells, strict=False)
        return {field: _plain_cell(cell) for field, cell in pairs if field}

    @property
    def unused(self) -> list[str]:
        """Columns that mean nothing here."""
        return [name for name, field in zip(self.header, self.fields, strict=True) if not field]


def read_sheet(data: bytes) -> Sheet:
    """Read a CSV file: encoding and delimiter are found out. Raises FileRefused."""
    if len(data) > LARGEST_BYTES:
        most = LARGEST_BYTES // 1024 // 1024
        raise FileRefused(f"The file is larger than {most} MB: split it, nothing was read.")
    text, encoding = decode(data)
    delimiter = sniff_delimiter(text)
    lines = list(_lines(text, delimiter))
    if not lines:
        raise FileRefused("The file is empty: it needs a header and a row for each lead.")
    header = [cell.strip() for cell in lines[0].cells]
    fields = map_columns(header)
    _check(fields, lines)
    return Sheet(header, fields, lines[1:], encoding, delimiter)


def decode(data: bytes) -> tuple[str, str]:
    """Return a file's text and encoding: UTF-8, UTF-16 with its mark, else Windows' cp1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "cp1252", "latin-1")  # type: ignore[assignment]
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text, encoding.removesuffix("-sig")
    raise FileRefused("This is not a text file: save the list as CSV (UTF-8) and try again.")


def sniff_delimiter(text: str) -> str:
    """Return the sign that parts the cells of the header, outside of quotes."""
    header = io.StringIO(text, newline="").readline()
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _lines(text: str, delimiter: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Line(begins, cells)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileRefused(
            f"The row from line {begins} on cannot be read ({error}). A quotation mark that is "
            "opened and never closed does this. Nothing was imported."
        ) from error


def map_columns(header: Sequence[str]) -> list[str]:
    """Return for each column the field it is, or "" for none; the first of a kind counts."""
    fields: list[str] = []
    for name in header:
        plain = "".join(sign for sign in name.lower() if sign.isalnum() or sign == "_")
        bare = plain.replace("_", "")
        field = next((f for f, names in SYNONYMS.items() if bare in names), "")
        fields.append("" if field in fields else field)
    return fields


def _check(fields: list[str], lines: list[Line]) -> None:
    if len(fields) > MOST_COLUMNS:
        raise FileRefused(f"The file has more than {MOST_COLUMNS} columns: is it a list of leads?")
    if not {"name", "first_name", "last_name"} & set(fields):
        raise FileRefused(
            "The first line names no column for names. It must be a header such as "
            "“Name, E-mail, Phone, Source”. Nothing was imported."
        )
    if len(lines) - 1 > MOST_ROWS:
        raise FileRefused(
            f"The file has {len(lines) - 1:,} rows; at most {MOST_ROWS:,} go at a time. Split it: "
            "importing the parts one after the other makes no doubles."
        )
    if len(lines) == 1:
        raise FileRefused("The file has a header and no rows.")


def _plain_cell(cell: str) -> str:
    """Return a cell without the apostrophe by which `core.csv_files.safe_cell` marks a text."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell
