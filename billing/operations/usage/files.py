"""Files of usage events: read line by line, recorded in batches, each line with its verdict.

Nothing but a batch is held in memory. A file may be read again from its start at any time: what
is stored already is told as a duplicate by its key.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.db import transaction

from billing.operations.usage import Refused, Sent, Verdict, read_event, read_line, record_usage
from billing.operations.usage.reading import FIELDS
from core.tenancy import scope

BATCH = 5000
LONGEST_LINE = 64 * 1024
DIMENSION = "dimension."


class FileUnreadable(Exception):
    """The file as a whole cannot be read; the text says why and from which line on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a file; lines count from 1, a header included."""

    number: int
    event: Sent | Refused


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """What became of one line."""

    number: int
    verdict: Verdict


def read_file(stream: IO[bytes], name: str) -> Iterator[Line]:
    """Yield the events of a CSV or JSONL file, either also as gzip, known by name or first bytes.

    A CSV file names its columns in the first line: those of the API, and `dimension.<name>` for
    each dimension. Empty cells are left out. Raises FileUnreadable.
    """
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]
    if buffered.peek(2)[:2] == b"\x1f\x8b":
        buffered = io.BufferedReader(gzip.GzipFile(fileobj=buffered))
    is_csv = ".csv" in [one.lower() for one in Path(name).suffixes]
    try:
        is_csv = is_csv or buffered.peek(1)[:1] not in (b"{", b"")
        yield from _csv_lines(buffered) if is_csv else _json_lines(buffered)
    except (OSError, EOFError, zlib.error) as error:
        raise FileUnreadable(f"The file breaks off or is no gzip: {error}.") from error


def _json_lines(stream: IO[bytes]) -> Iterator[Line]:
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield Line(number, Refused(None, f"A line has {LONGEST_LINE} bytes at most."))
        elif line.strip():
            yield Line(number, read_line(line.removeprefix(b"\xef\xbb\xbf")))


def _csv_lines(stream: IO[bytes]) -> Iterator[Line]:
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        rows = csv.reader(text, strict=True)
        names = _header(rows)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(rows.line_num, Refused(None, f"This is not CSV: {error}."))
                continue
            if row:
                yield Line(rows.line_num, _from_row(names, row))
    finally:
        text.detach()  # the file is its caller's to close


def _header(rows: Iterator[list[str]]) -> list[str]:
    try:
        names = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise FileUnreadable(f"Line 1 is not CSV: {error}.") from error
    unknown = [one for one in names if one not in FIELDS and not one.startswith(DIMENSION)]
    if unknown or "idempotency_key" not in names or len(set(names)) != len(names):
        raise FileUnreadable(
            "Line 1 must name the columns, each once: idempotency_key, organization, meter, "
            "quantity, time, dimension.<name>, dimensions (JSON), action, corrects, reason. "
            f"It says: {', '.join(names)[:200]}."
        )
    return names


def _from_row(names: list[str], row: list[str]) -> Sent | Refused:
    if len(row) != len(names):
        return Refused(None, f"There are {len(row)} cells and {len(names)} columns.")
    fields: dict[str, Any] = {}
    dimensions: dict[str, Any] = {}
    for name, cell in zip(names, row, strict=True):
        if name.startswith(DIMENSION) and cell:
            dimensions[name.removeprefix(DIMENSION)] = cell
        elif name == "dimensions" and cell:
            try:
                dimensions |= dict(json.loads(cell))
            except (ValueError, TypeError, RecursionError):
                return Refused(None, "The column dimensions holds JSON: {...}.", name)
        elif cell:
            fields[name] = cell
    return read_event({**fields, **({"dimensions": dimensions} if dimensions else {})})


def record_lines(
    *,
    tenant_id: UUID,
    lines: Iterable[Line],
    clock: Callable[[], datetime],
    reach: timedelta | None = None,
    is_dry_run: bool = False,
    size: int = BATCH,
) -> Iterator[list[LineVerdict]]:
    """Record lines batch by batch and yield the verdicts of each batch once it is stored.

    Repeating is safe: keys tell. With `is_dry_run` each batch is rolled back, so that a
    correction of an event further up in the file may be refused.
    """
    rest = iter(lines)
    while batch := list(islice(rest, size)):
        events = [line.event for line in batch]
        if is_dry_run:
            with scope(tenant_id):
                found = record_usage(tenant_id=tenant_id, events=events, now=clock(), reach=reach)
                transaction.set_rollback(True)
        else:
            found = record_usage(tenant_id=tenant_id, events=events, now=clock(), reach=reach)
        yield [LineVerdict(line.number, one) for line, one in zip(batch, found, strict=True)]
