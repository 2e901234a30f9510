"""Import leads from a file: look at it, take it in batch by batch, go on after a stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DataError, IntegrityError, connection

from core.jobs import enqueue
from core.models import User
from core.tenancy import Scope, current, scope
from crm.csv_files import FileRefused, Sheet, read_sheet
from crm.models import LeadImport
from crm.operations.import_rows import (
    CHANGED,
    NEW,
    REFUSED,
    SAME,
    Row,
    match_rows,
    places,
    read_rows,
    store_rows,
)
from crm.operations.timeline import Actor

log = structlog.get_logger(__name__)

BATCH = 500
MATCHED_AT_A_TIME = 2000
PREVIEW_KEPT = timedelta(days=1)
FORGOTTEN_AFTER = timedelta(minutes=2)


class ImportNotWaiting(Exception):
    """The import was confirmed before, or is over; nothing was started again."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What importing a file would do."""

    sheet: Sheet
    rows: list[Row]
    counts: dict[str, int]

    @property
    def refused(self) -> list[Row]:
        """Rows that would not be taken."""
        return [row for row in self.rows if row.problems]

    @property
    def may_double(self) -> list[Row]:
        """New leads that may be there already under another name or id."""
        return [row for row in self.rows if row.may_double and not row.problems]


def look_at(data: bytes) -> Preview:
    """Say row by row what importing a file would do; writes nothing. Raises FileRefused."""
    sheet = read_sheet(data)
    rows = read_rows(sheet, places())
    for start in range(0, len(rows), MATCHED_AT_A_TIME):
        match_rows(rows[start : start + MATCHED_AT_A_TIME])
    found = Counter(row.verdict for row in rows)
    counts = {verdict: found[verdict] for verdict in (NEW, CHANGED, SAME, REFUSED)}
    return Preview(sheet, rows, counts)


def upload(*, file_name: str, data: bytes, by: User) -> LeadImport:
    """Keep a file that can be read, encrypted, until it is confirmed. Raises FileRefused."""
    sheet = read_sheet(data)
    return LeadImport.objects.create(
        tenant_id=current().tenant_id,
        user=by,
        file_name=_name(file_name),
        # Latin-1 maps bytes to signs one to one: the file comes back as it was.
        content=data.decode("latin-1"),
        total=len(sheet.lines),
    )


def _name(file_name: str) -> str:
    plain = "".join(sign for sign in file_name if sign.isprintable()).strip()
    return plain[-120:] or "leads.csv"


def preview_of(row: LeadImport) -> Preview:
    """Return what a kept file would do now. Raises ImportNotWaiting once it is over."""
    if row.state != LeadImport.State.PREVIEW:
        raise ImportNotWaiting("This import was confirmed already.")
    return look_at(row.content.encode("latin-1"))


def confirm_import(*, import_id: UUID, now: datetime) -> LeadImport:
    """Let a worker take in a file that was looked at.

    Raises ImportNotWaiting for the second click, LeadImport.DoesNotExist.
    """
    row = LeadImport.objects.select_for_update().get(pk=import_id)
    if row.state != LeadImport.State.PREVIEW:
        raise ImportNotWaiting("This import was confirmed already; it runs once.")
    row.state, row.started_at = LeadImport.State.RUNNING, now
    row.save(update_fields=["state", "started_at"])
    enqueue("crm.run_import", import_id=row.pk)
    return row


def discard_import(*, import_id: UUID) -> None:
    """Throw away a file that was only looked at. Raises ImportNotWaiting."""
    row = LeadImport.objects.select_for_update().get(pk=import_id)
    if row.state != LeadImport.State.PREVIEW:
        raise ImportNotWaiting("This import was confirmed already; it cannot be thrown away.")
    row.delete()


def run_import(
    *,
    tenant_id: UUID,
    import_id: UUID,
    now: datetime,
    batch: int = BATCH,
    after_batch: Callable[[LeadImport], None] = lambda row: None,
) -> LeadImport:
    """Take in a confirmed file; may be killed, repeated and run twice at once.

    Each batch is one transaction with its place in the file, in the scope of whoever imports, so
    that they change no lead that they do not see. Raises LeadImport.DoesNotExist.
    """
    with scope(tenant_id):
        row = LeadImport.objects.select_related("user").get(pk=import_id)
    if row.state != LeadImport.State.RUNNING:
        return row
    if not row.user.is_active:
        return _stop(row, "Whoever started this import may no longer log in.", now)
    try:
        run = _Run(row, now)
    except FileRefused as error:  # confirmed by a version that took more
        return _stop(row, str(error), now)
    while row.state == LeadImport.State.RUNNING:
        row, batch = run.go_on(batch)
        after_batch(row)
    return row


class _Run:
    """A file on its way in: its rows, judged once, and whose eyes they are stored with."""

    def __init__(self, row: LeadImport, now: datetime) -> None:
        self._row, self._now = row, now
        self._sheet = read_sheet(row.content.encode("latin-1"))
        with self._scope():
            self._rows = read_rows(self._sheet, places())

    def _scope(self) -> AbstractContextManager[Scope]:
        user = self._row.user
        role = User.Role.ADMIN if user.is_admin else user.role
        return scope(self._row.tenant_id, user_id=user.pk, role=role)

    def go_on(self, batch: int) -> tuple[LeadImport, int]:
        """Take in the next rows; return where that leaves the import, and how many to take next.

        When the database refuses rows for what the checks do not know of, they come one by one,
        and the one that it refuses alone is left out.
        """
        try:
            with self._scope():
                return self._take(batch), batch
        except (DataError, IntegrityError) as error:
            log.warning("import_rows_refused", import_id=str(self._row.pk), error=str(error)[:200])
        if batch > 1:
            return self._row, 1
        with self._scope():
            return self._leave_out(), 1

    def _lock(self) -> LeadImport:
        return LeadImport.objects.select_for_update().defer("content").get(pk=self._row.pk)

    def _take(self, batch: int) -> LeadImport:
        """Take in rows, and say in the same transaction that they are."""
        row = self._lock()
        if row.state != LeadImport.State.RUNNING:
            return row
        with connection.cursor() as cursor:
            # Two files with the same people, taken in at once, would not see each other's rows.
            key = f"crm.import:{row.tenant_id}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
        part = self._rows[row.done : row.done + batch]
        match_rows(part, lock=True)
        store_rows(part, file_name=row.file_name, by=Actor(self._row.user), now=self._now)
        return self._count(row, part)

    def _leave_out(self) -> LeadImport:
        row = self._lock()
        part = self._rows[row.done : row.done + 1]
        for bad in part:
            bad.problems.append("the database refuses this row: look for odd signs in it")
        return self._count(row, part)

    def _count(self, row: LeadImport, part: list[Row]) -> LeadImport:
        verdicts = Counter(one.verdict for one in part)
        row.done += len(part)
        row.created += verdicts[NEW]
        row.changed += verdicts[CHANGED]
        row.same += verdicts[SAME]
        row.refused_count += verdicts[REFUSED]
        written = ["done", "created", "changed", "same", "refused_count"]
        refused = [[bad.line, "; ".join(bad.problems), bad.cells] for bad in part if bad.problems]
        if refused:
            # The first entry is the header, for a file that can be mended and come again.
            row.refused = [*(row.refused or [[1, "", self._sheet.header]]), *refused]
            written.append("refused")
        if row.done >= row.total:
            row.state, row.finished_at, row.content = LeadImport.State.DONE, self._now, ""
            written += ["state", "finished_at", "content"]
        row.save(update_fields=written)
        return row


def _stop(row: LeadImport, why: str, now: datetime) -> LeadImport:
    with scope(row.tenant_id):
        row.state, row.finished_at, row.content = LeadImport.State.FAILED, now, ""
        row.last_error = why[:300]
        row.save(update_fields=["state", "finished_at", "content", "last_error"])
    return row


def sweep_imports(*, tenant_id: UUID, now: datetime) -> None:
    """Send imports that nobody drives to be gone on with; drop files never confirmed."""
    with scope(tenant_id):
        forgotten = LeadImport.objects.filter(
            state=LeadImport.State.RUNNING, updated_at__lt=now - FORGOTTEN_AFTER
        )
        for import_id in forgotten.values_list("pk", flat=True):
            enqueue("crm.run_import", import_id=import_id)
        old = LeadImport.objects.filter(created_at__lt=now - PREVIEW_KEPT)
        old.filter(state=LeadImport.State.PREVIEW).delete()
