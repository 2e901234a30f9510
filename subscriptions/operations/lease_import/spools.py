"""The rows of a dump, sorted by table, on the disk: tables stand in a dump in any order."""

from __future__ import annotations

import marshal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from subscriptions.dumps import DumpUnreadable, Row, Table
from subscriptions.operations.lease_import.columns import Layout, kind_of, layout_of

_BATCH = 1000


@dataclass(slots=True)
class Spools:
    """One file without a name for each table, gone when closed. `unknown` counts other rows."""

    files: dict[str, BinaryIO] = field(default_factory=dict)
    layouts: dict[tuple[str, tuple[str, ...]], Layout] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    waiting: dict[tuple[str, tuple[str, ...]], list[list[str | None]]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def close(self) -> None:
        """Throw the files away."""
        for file in self.files.values():
            file.close()

    def batches(self, kind: str) -> Iterator[tuple[Layout, list[list[str | None]]]]:
        """Yield the rows of a table in their order, many at once."""
        file = self.files.get(kind)
        if file is None:
            return
        file.seek(0)
        while True:
            try:
                table, columns, rows = marshal.load(file)  # noqa: S302 - written by ourselves
            except EOFError:
                return
            yield self.layouts[table, columns], rows

    def has(self, kind: str) -> bool:
        """Return whether the dump has this table, be it empty."""
        return kind in self.seen

    def _flush(self, key: tuple[str, tuple[str, ...]]) -> None:
        rows = self.waiting.pop(key, [])
        kind = self.layouts[key].kind
        if kind not in self.files:
            self.files[kind] = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed by close()
        marshal.dump((*key, rows), self.files[kind])


def sort_dump(parts: Iterator[Table | Row], *, on_row: Callable[[], None]) -> Spools:
    """Sort all rows of a dump by table; `on_row` is called now and then. Raises DumpUnreadable.

    The caller closes what is returned.
    """
    spools = Spools()
    types: dict[str, dict[str, str]] = {}
    try:
        for count, part in enumerate(parts):
            if isinstance(part, Table):
                types[part.name] = part.types
                spools.seen.add(kind_of(part.name) or "")
            else:
                _keep(spools, part, types)
            if count % _BATCH == 0:
                on_row()
        for key in list(spools.waiting):
            spools._flush(key)
        _check_known(spools)
    except BaseException:
        spools.close()
        raise
    return spools


def _keep(spools: Spools, row: Row, types: dict[str, dict[str, str]]) -> None:
    kind = kind_of(row.table)
    if kind is None:
        spools.unknown[row.table] += 1
        return
    spools.seen.add(kind)
    key = (row.table, row.columns)
    if key not in spools.layouts:
        spools.layouts[key] = layout_of(row.table, row.columns, types.get(row.table, {}))
    waiting = spools.waiting.setdefault(key, [])
    waiting.append(row.values)
    spools.rows[kind] += 1
    if len(waiting) >= _BATCH:
        spools._flush(key)


def _check_known(spools: Spools) -> None:
    if not spools.seen - {""}:
        others = ", ".join(sorted(spools.unknown)[:8]) or "none with rows"
        raise DumpUnreadable(
            "The dump holds none of the tables houses, users, rooms, leases and payments; it holds "
            f"{others}. Nothing was imported."
        )
