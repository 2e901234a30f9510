"""Read a MySQL dump statement by statement, and its INSERTs row by row.

sqlglot reads what defines a table, the head of each INSERT, and every row that holds more than
plain literals. Plain rows, which are nearly all, are read with two regular expressions: sqlglot
makes an object for each value of a statement, which costs 30 times the time and, for one INSERT
of a whole table, gigabytes (docs/adr/0014-dumps-row-by-row.md has the measurements).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from subscriptions.dumps.literals import (
    ROW,
    ROW_OF_ANYTHING,
    OddValue,
    columns_of,
    odd_row,
    plain_row,
)
from subscriptions.dumps.opening import DumpUnreadable

# What lies between statements, and what may lie inside one without ending it.
_BLANK = re.compile(r"(?:\s++|--(?=\s|$)[^\n]*+(?:\n|\Z)|#[^\n]*+(?:\n|\Z)|/\*.*?\*/)++", re.DOTALL)
_SKIPPED = re.compile(
    r"""(?:[^'"`;/#\-\\]++
    | '(?:[^'\\]++|\\.|'')*+' | "(?:[^"\\]++|\\.|"")*+" | `[^`]*+`
    | /\*.*?\*/ | /(?!\*) | --(?=\s)[^\n]*+\n | -(?!-\s) | \#[^\n]*+\n | \\ )*+""",
    re.VERBOSE | re.DOTALL,
)
_INSERT_HEAD = re.compile(
    r"""(?:INSERT|REPLACE)\s+(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\s+)*+(?:INTO\s+)?
    (?P<table>(?:`[^`]+`|[\w$]+)(?:\s*\.\s*(?:`[^`]+`|[\w$]+))?)\s*
    (?P<columns>\([^()]*\))?\s*VALUES?\s*(?=\()""",
    re.VERBOSE | re.IGNORECASE,
)
_FIRST_WORDS = re.compile(r"\s*([A-Za-z]+)(?:\s+([A-Za-z]+))?")
_BETWEEN_ROWS = re.compile(r"\s*([,;])\s*")
_DELIMITER = re.compile(r"DELIMITER\s+(\S+)[^\n]*(?:\n|\Z)", re.IGNORECASE)
_LOOK_AHEAD = 64 * 1024
# One row or definition larger than this is no row of ours: a quote is missing somewhere.
_LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """A table as the dump defines it: `types` by column, in order, such as TINYINT(1)."""

    name: str
    types: dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: texts as they were, None for NULL, by the names of `columns`."""

    table: str
    columns: tuple[str, ...]
    values: list[str | None]


def read_dump(chunks: Iterator[str]) -> Iterator[Table | Row]:
    """Yield all tables and rows of a dump in their order.

    Raises DumpUnreadable for what is no dump, what is cut off, and what cannot be understood.
    """
    yield from _Reader(chunks).read()


class _Reader:
    """The place in the text, which is held only as far as one statement or row needs."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self.chunks = chunks
        self.text = ""
        self.at = 0
        self.is_ended = False
        self.columns: dict[str, tuple[str, ...]] = {}
        self.has_header = False
        self.has_footer = False
        self.locked = ""

    def read(self) -> Iterator[Table | Row]:
        """Go through all statements."""
        while self._skip_blank():
            words = self._words()
            if words[0] in ("INSERT", "REPLACE"):
                yield from self._insert()
            elif words == ("CREATE", "TABLE"):
                yield from self._table()
            elif words[0] == "DELIMITER":
                self._other_delimiter()
            else:
                self._note_lock(words, self._statement())
        self._check_end()

    # --- the text -------------------------------------------------------------------------------

    def _more(self) -> bool:
        """Take in more text; False at its end. What is read already goes."""
        try:
            chunk = next(self.chunks)
        except StopIteration:
            self.is_ended = True
            return False
        self.text = self.text[self.at :] + chunk
        self.at = 0
        if len(self.text) > _LARGEST + 2 * _LOOK_AHEAD:
            raise DumpUnreadable(
                f"Something in the dump is larger than {_LARGEST >> 20} MB in one piece"
                f"{self._where()}: a quote is missing there, or it is no dump."
            )
        return True

    def _ahead(self, size: int = _LOOK_AHEAD) -> None:
        while len(self.text) - self.at < size and not self.is_ended:
            self._more()

    def _skip_blank(self) -> bool:
        """Go to the next statement; False at the end."""
        while True:
            self._ahead()
            found = _BLANK.match(self.text, self.at)
            end = found.end() if found else self.at
            if (end == len(self.text) or self.text.startswith("/*", end)) and self._more():
                continue  # a comment may go on behind the chunk
            if found:
                self._note_comments(found[0])
                self.at = found.end()
            if self.at < len(self.text) and self.text[self.at] == ";":
                self.at += 1
                continue
            return self.at < len(self.text)

    def _note_comments(self, text: str) -> None:
        self.has_header |= "-- MySQL dump" in text or "-- MariaDB dump" in text
        self.has_footer |= "-- Dump completed" in text

    def _words(self) -> tuple[str, str]:
        found = _FIRST_WORDS.match(self.text, self.at)
        if found is None:
            return ("", "")
        return found[1].upper(), (found[2] or "").upper()

    def _statement(self) -> str:
        """Return the statement here and go behind it."""
        while True:
            found = _SKIPPED.match(self.text, self.at)
            end = found.end() if found else self.at
            if end < len(self.text) and self.text[end] == ";":
                whole = self.text[self.at : end]
                self.at = end + 1
                return whole
            if not self._more():
                raise DumpUnreadable(self._cut_off())

    def _where(self) -> str:
        return f" (near {self.text[self.at : self.at + 40]!r})" if self.locked else ""

    def _cut_off(self) -> str:
        place = f" in the rows of {self.locked}" if self.locked else ""
        if not self.columns and not self.has_header:
            return "This is no MySQL dump: no statement of SQL was found in it."
        return (
            f"The dump is cut off{place}: it ends in the middle of a statement. Nothing was "
            "imported; make or copy it again."
        )

    def _check_end(self) -> None:
        if not self.columns and not (self.has_header and not self.has_footer):
            raise DumpUnreadable(
                "This is no MySQL dump: it defines no table and holds no row. Nothing was imported."
            )
        if self.locked or (self.has_header and not self.has_footer):
            place = f" after rows of {self.locked}" if self.locked else ""
            raise DumpUnreadable(
                f"The dump is cut off{place}: its last lines are missing. Nothing was imported; "
                "make or copy it again."
            )

    # --- statements -----------------------------------------------------------------------------

    def _note_lock(self, words: tuple[str, str], statement: str) -> None:
        if words == ("LOCK", "TABLES"):
            self.locked = statement.split(None, 2)[2].split(maxsplit=1)[0].strip("`")
        elif words == ("UNLOCK", "TABLES"):
            self.locked = ""

    def _other_delimiter(self) -> None:
        """Skip what is written between DELIMITER ;; and DELIMITER ;: routines, no rows."""
        found = _DELIMITER.match(self.text, self.at)
        if found is None:
            raise DumpUnreadable(self._cut_off())
        self.at = found.end()
        if found[1] == ";":
            return
        back = re.compile(r"^[ \t]*DELIMITER\s+;[^\n]*(?:\n|\Z)", re.IGNORECASE | re.MULTILINE)
        while (end := back.search(self.text, self.at)) is None:
            if not self._more():
                raise DumpUnreadable(self._cut_off())
        self.at = end.end()

    def _table(self) -> Iterator[Table]:
        statement = self._statement()
        try:
            parsed = sqlglot.parse_one(statement, read="mysql")
        except (SqlglotError, RecursionError):
            parsed = None
        if not isinstance(parsed, exp.Create) or not isinstance(parsed.this, exp.Schema):
            return  # CREATE TABLE ... LIKE and what sqlglot cannot read: no columns to learn
        table = Table(parsed.this.this.name, columns_of(parsed.this))
        self.columns[table.name] = tuple(table.types)
        yield table

    def _insert(self) -> Iterator[Row]:
        head = _INSERT_HEAD.match(self.text, self.at)
        while head is None and len(self.text) - self.at < _LARGEST and self._more():
            head = _INSERT_HEAD.match(self.text, self.at)
        if head is None:
            raise DumpUnreadable(
                f"Rows stand in a form that is not known: {self.text[self.at : self.at + 60]!r}. "
                "Wanted are VALUES lists, as mysqldump writes them. Nothing was imported."
            )
        table = re.findall(r"`([^`]+)`|([\w$]+)", head["table"])[-1]
        name = table[0] or table[1]
        columns = self._columns(name, head["columns"])
        self.at = head.end()
        while True:
            yield Row(name, columns, self._row(name, columns))
            if self._after_row(name) == ";":
                return

    def _columns(self, table: str, named: str | None) -> tuple[str, ...]:
        if named:
            columns = tuple(re.findall(r"`([^`]+)`|([\w$]+)", named))
            found = tuple(quoted or plain for quoted, plain in columns)
            self.columns.setdefault(table, found)
            return found
        if table not in self.columns:
            raise DumpUnreadable(
                f"The dump has rows of {table} but does not say which columns they have: its "
                "CREATE TABLE is missing or cannot be read. Nothing was imported."
            )
        return self.columns[table]

    def _row(self, table: str, columns: tuple[str, ...]) -> list[str | None]:
        while True:
            found = ROW.match(self.text, self.at)
            if found is not None:
                values = plain_row(found[0])
                break
            found = ROW_OF_ANYTHING.match(self.text, self.at)
            if found is not None:
                values = self._odd(table, found[0])
                break
            if not self._more():
                raise DumpUnreadable(self._cut_off())
        self.at = found.end()
        if len(values) != len(columns):
            raise DumpUnreadable(
                f"A row of {table} has {len(values)} values for {len(columns)} columns. Nothing "
                "was imported."
            )
        return values

    def _odd(self, table: str, row: str) -> list[str | None]:
        try:
            return odd_row(row)
        except OddValue as error:
            raise DumpUnreadable(
                f"A row of {table} holds {error}, which only a running MySQL could tell. Nothing "
                "was imported."
            ) from error

    def _after_row(self, table: str) -> str:
        """Go behind what follows a row; returns a comma or a semicolon."""
        while (found := _BETWEEN_ROWS.match(self.text, self.at)) is None or (
            found.end() == len(self.text) and not self.is_ended
        ):
            rest = self.text[self.at : self.at + 200].strip()
            if rest and rest[0] not in ",;":
                self._statement()  # ON DUPLICATE KEY UPDATE and the like, up to the semicolon
                return ";"
            if not self._more() and found is None:
                self.locked = self.locked or table
                raise DumpUnreadable(self._cut_off())
        self.at = found.end()
        return found[1]
