"""The ids of Stripe's under the source database's own names, to be written back into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from subscriptions.models import Lease, LeaseImport, Resident, Room
from subscriptions.models.imported import ImportedRow
from subscriptions.operations.lease_import.columns import LEASES, ROOMS, USERS, WRITTEN_BACK

_MODELS: dict[str, type[ImportedRow]] = {USERS: Resident, ROOMS: Room, LEASES: Lease}


class WrittenBack(NamedTuple):
    """One cell of the source: `column` is empty where the source has none for it."""

    table: str
    id_column: str
    source_id: str
    column: str
    stripe_id: str


def written_back() -> Iterator[WrittenBack]:
    """Yield every id that the source is to have, table by table. In scope."""
    names = _names()
    for kind, fields in WRITTEN_BACK.items():
        own = names.get(kind, {})
        rows = _MODELS[kind]._default_manager.exclude(source_id=None).order_by("source_id")
        for field, usual in fields.items():
            known = rows.exclude(**{field: None}).values_list("source_id", field)
            for source_id, stripe_id in known.iterator(chunk_size=2000):
                yield WrittenBack(
                    own.get("table", kind), own.get("id", "id"), str(source_id),
                    own.get(field, usual), stripe_id,
                )  # fmt: skip


def _names() -> dict[str, dict[str, str]]:
    """Return the source's names by kind, as the newest dump that had the table spells them."""
    found: dict[str, dict[str, str]] = {}
    for columns in LeaseImport.objects.values_list("columns", flat=True).order_by("imported_at"):
        found.update(columns)
    return found
