"""What all tables of a dump have in common when they are taken in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from core.models import Tenant
from subscriptions.models.imported import LONGEST_SOURCE_ID, ImportedRow
from subscriptions.operations.lease_import.cells import Cells
from subscriptions.operations.lease_import.columns import Layout
from subscriptions.operations.lease_import.former_ids import FormerIds
from subscriptions.operations.lease_import.rules import finding, kept_form
from subscriptions.operations.lease_import.told import Told
from subscriptions.operations.lease_import.writing import Writer


class TableImport(ABC):
    """Takes in the rows of one table, batch by batch."""

    model: ClassVar[type[ImportedRow]]
    fields: ClassVar[tuple[str, ...]]

    def __init__(self, tenant: Tenant, told: Told, former: FormerIds, today: date) -> None:
        self.tenant = tenant
        self.told = told
        self.former = former
        self.today = today
        self.writer = Writer(self.model, self.fields, tenant.pk)
        self.seen: set[int] = set()

    def prepare(self, batch: list[Cells]) -> None:  # noqa: B027 - a table may need nothing
        """Look up what the rows of a batch refer to."""

    @abstractmethod
    def values(self, cells: Cells) -> dict[str, Any]:
        """Return the fields of a row."""

    def after(self, batch: dict[str, Cells], ids: dict[str, UUID]) -> None:  # noqa: B027 - as above
        """Do what needs the keys of the rows that were written."""

    def take_in(self, layout: Layout, rows: list[list[str | None]]) -> None:
        """Write one batch and tell all that was found in it."""
        cells = [found for row in rows if (found := self._identified(Cells(layout, row)))]
        self.prepare(cells)
        batch: dict[str, Cells] = {}
        values: dict[str, dict[str, Any]] = {}
        for one in cells:
            if one.source_id in values:
                self._tell_all(batch[one.source_id])
            batch[one.source_id] = one
            values[one.source_id] = self.values(one)
        for source_id, one in batch.items():
            values[source_id]["findings"] = [kept_form(found) for found in one.findings]
        written = self.writer.write(values)
        for source_id, names in written.changed.items():
            batch[source_id].findings.append(
                finding(
                    layout.table, source_id, ", ".join(names), "row-changed",
                    done=f"Updated: {', '.join(names)}.",
                )
            )  # fmt: skip
        self.after(batch, written.ids)
        for one in batch.values():
            self._tell_all(one)

    def note_former(self, cells: Cells, field: str, current: dict[str, str | None]) -> str:
        """Return the id of Stripe's that a row came with, told; empty for none and for ours."""
        stripe_id = cells.key(field, longest=255)
        if not stripe_id or current.get(cells.source_id) == stripe_id:
            return ""
        cells.tell(field, "old-stripe-id")
        return stripe_id

    def current_ids(self, batch: list[Cells], field: str) -> dict[str, str | None]:
        """Return the ids of Stripe's that the rows of a batch have here."""
        rows = self.model._default_manager.filter(source_id__in=[one.source_id for one in batch])
        return dict(rows.exclude(**{field: None}).values_list("source_id", field))

    def _identified(self, cells: Cells) -> Cells | None:
        """Return a row with its id; None for one that cannot have a place, which is told."""
        source_id = cells.key("source_id", longest=LONGEST_SOURCE_ID + 1)
        cells.source_id = source_id
        if source_id and len(source_id) <= LONGEST_SOURCE_ID:
            self._note_twice(cells)
            return cells
        cells.tell("source_id", "id-too-long" if source_id else "id-missing")
        self.writer.counts.refused += 1
        self._tell_all(cells)
        return None

    def _note_twice(self, cells: Cells) -> None:
        # A hash of eight bytes each, so that a million rows fit.
        key = hash(cells.source_id)
        if key in self.seen:
            cells.tell("source_id", "id-twice")
        self.seen.add(key)

    def _tell_all(self, cells: Cells) -> None:
        for found in cells.findings:
            self.told.add(found)
