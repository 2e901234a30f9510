"""Write a month of usage into files, a day each: in stable order, with checksums, resumable."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from uuid import UUID

from billing.queries.usage_export import COLUMNS, Row, days_of_month, events_of_day
from core.tenancy import scope

CHUNK = 5000


@dataclass(frozen=True, slots=True)
class Exported:
    """One file: its name, how many events, and the SHA-256 of its bytes."""

    file: str
    events: int
    sha256: str


def export_usage(*, tenant_id: UUID, month: date, out: Path) -> Iterator[Exported]:
    """Write each day's events into `out`, and their list into `manifest.json`; yield each file.

    A day that the list holds with the right checksum is not written again, so an interrupted
    export goes on where it stopped. A file appears under its name only when it is whole. The same
    events give the same bytes. Outside any scope; raises OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    done = _listed(out)
    for day in days_of_month(month):
        name = f"usage-{day}.csv.gz"
        if (ready := done.get(name)) and _sha256(out / name) == ready.sha256:
            yield ready
            continue
        partial = out / f".{name}.part"
        count = _csv(partial, _events(tenant_id, day))
        done[name] = Exported(name, count, _sha256(partial))
        partial.replace(out / name)
        _list(out, done)
        yield done[name]


def _events(tenant_id: UUID, day: date) -> Iterator[Row]:
    after = ""
    while True:
        with scope(tenant_id):
            rows = events_of_day(day, after=after, limit=CHUNK)
        yield from rows
        if len(rows) < CHUNK:
            return
        after = rows[-1][0]


def _csv(path: Path, rows: Iterator[Row]) -> int:
    """Write gzip without name and time in it, which would differ each time."""
    count = 0
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _sha256(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(out: Path) -> dict[str, Exported]:
    path = out / "manifest.json"
    rows = json.loads(path.read_text()) if path.exists() else []
    return {row["file"]: Exported(**row) for row in rows}


def _list(out: Path, done: dict[str, Exported]) -> None:
    partial = out / ".manifest.json.part"
    rows = [asdict(done[name]) for name in sorted(done)]
    partial.write_text(json.dumps(rows, indent=2) + "\n")
    partial.replace(out / "manifest.json")
