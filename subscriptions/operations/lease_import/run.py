"""Take in a whole dump: everything, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.db import connection, transaction

from core.models import Tenant
from core.periods import today
from core.tenancy import scope
from subscriptions.dumps import open_dump, read_dump
from subscriptions.models import LeaseImport as ImportRow
from subscriptions.operations.lease_import.columns import HOUSES, LEASES, PAYMENTS, ROOMS, USERS
from subscriptions.operations.lease_import.former_ids import FormerIds
from subscriptions.operations.lease_import.houses import HouseImport, count_cities
from subscriptions.operations.lease_import.late import find_late
from subscriptions.operations.lease_import.leases import LeaseImport
from subscriptions.operations.lease_import.people import ResidentImport
from subscriptions.operations.lease_import.rents import RentImport
from subscriptions.operations.lease_import.rooms import RoomImport
from subscriptions.operations.lease_import.rules import finding
from subscriptions.operations.lease_import.spools import Spools, sort_dump
from subscriptions.operations.lease_import.tables import TableImport
from subscriptions.operations.lease_import.told import Told
from subscriptions.operations.lease_import.writing import Counts

log = structlog.get_logger(__name__)

# What is referred to comes before what refers to it.
_ORDER: tuple[tuple[str, type[TableImport]], ...] = (
    (HOUSES, HouseImport),
    (USERS, ResidentImport),
    (ROOMS, RoomImport),
    (LEASES, LeaseImport),
    (PAYMENTS, RentImport),
)

# How far an import is: what it does, how much is done, of how much.
OnProgress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Imported:
    """What an import did: counts by table, how many rows each of our tables holds, findings."""

    told: Told
    counts: dict[str, Counts] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    encoding: str = ""


def import_dump(
    *,
    tenant: Tenant,
    path: Path,
    now: datetime,
    encoding: str | None = None,
    dry_run: bool = False,
    on_progress: OnProgress = lambda step, done, total: None,
) -> Imported:
    """Bring the rows of a MySQL dump in, in one transaction; the caller closes `told`.

    Repeating changes nothing; rows that differ are updated. Of two imports of one company the
    second waits for the first. Raises DumpUnreadable, and then nothing was written.
    """
    with open_dump(path, encoding=encoding) as dump:
        spools = sort_dump(
            read_dump(dump.text),
            on_row=lambda: on_progress("Reading", dump.bytes_read, dump.size),
        )
        found = Imported(told=Told(), encoding=dump.encoding)
    try:
        with closing(spools), scope(tenant.pk):
            _take_turns(tenant)
            former = FormerIds(tenant.pk, path.name, now)
            _take_in(tenant, former, spools, found, on_progress)
            if dry_run:
                transaction.set_rollback(True)
            else:
                _remember(tenant, path, spools, found, now)
    except BaseException:
        found.told.close()
        raise
    log.info("dump_imported", tenant=tenant.slug, findings=len(found.told), dry_run=dry_run)
    return found


def _take_turns(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lease_import:{tenant.pk}"]
        )


def _take_in(
    tenant: Tenant, former: FormerIds, spools: Spools, found: Imported, on_progress: OnProgress
) -> None:
    for table, count in sorted(spools.unknown.items()):
        found.told.add(
            finding(table, "", "", "table-unknown", done=f"{count} rows were not imported.")
        )
    votes = count_cities(spools)
    for kind, table_import in _ORDER:
        if kind != HOUSES and not spools.has(kind):
            continue
        one = table_import(tenant, found.told, former, today(former.now, tenant.zone))
        if isinstance(one, HouseImport):
            one.votes = votes
        _take_in_table(kind, one, spools, on_progress)
        if isinstance(one, HouseImport):
            one.infer(votes.named - one.taken, "houses")
        found.counts[kind] = one.writer.counts
    find_late(found.told, {layout.kind: layout.table for layout in spools.layouts.values()})
    for kind, table_import in _ORDER:
        found.rows[kind] = table_import.model._default_manager.count()


def _take_in_table(kind: str, one: TableImport, spools: Spools, on_progress: OnProgress) -> None:
    done = 0
    for layout, rows in spools.batches(kind):
        one.take_in(layout, rows)
        done += len(rows)
        on_progress(kind.capitalize(), done, spools.rows[kind])


def _remember(
    tenant: Tenant, path: Path, spools: Spools, found: Imported, now: datetime
) -> ImportRow:
    columns: dict[str, Any] = {
        layout.kind: layout.written_back() for layout in spools.layouts.values()
    }
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ImportRow.objects.create(
        tenant=tenant,
        file_name=path.name[:255],
        sha256=digest,
        columns=columns,
        counts={kind: counts.as_dict() for kind, counts in found.counts.items()},
        findings=dict(found.told.by_rule),
        imported_at=now,
    )
