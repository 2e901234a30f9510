"""What a row's reference to another means: the row with that id, or the one that a rule finds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import F, Func, QuerySet, Value
from django.db.models.functions import Lower

from subscriptions.models import Resident
from subscriptions.models.imported import ImportedRow
from subscriptions.models.resident import salt_key

# Which letters are mixed up when ids are read from paper or typed.
_ALIKE_FROM, _ALIKE_TO = "OlI", "011"
_ALIKE = str.maketrans(_ALIKE_FROM, _ALIKE_TO)


class Found(NamedTuple):
    """The row that a reference leads to, or None, and the rule by which, "" for its very id."""

    row: Any
    rule: str
    many: int = 0


def find_rows(
    rows: QuerySet[Any], keys: Iterable[str], *, fields: tuple[str, ...] = ()
) -> dict[str, Found]:
    """Find the rows of one table that ids refer to: by id, by salt, by capitals, by look-alikes.

    Each rule must find exactly one row, or it finds none. `rows` are values of id, source_id and
    `fields`. In scope; a handful of queries, however many keys.
    """
    wanted = {key for key in keys if key}
    table = rows.model
    values = rows.values("id", "source_id", *fields)
    found = {row["source_id"]: Found(row, "") for row in values.filter(source_id__in=wanted)}
    left = wanted - set(found)
    if left and table is Resident:
        found |= _by_salt(values, left)
        left -= set(found)
    if left:
        found |= _alike(values, left, "letter-case", Lower("source_id"), str.lower)
        left -= {key for key, one in found.items() if one.row}
    if left:
        shape = Func(F("source_id"), Value(_ALIKE_FROM), Value(_ALIKE_TO), function="translate")
        found |= _alike(values, left, "look-alike", shape, lambda key: key.translate(_ALIKE))
    return found


# Comparing a batch's salts with the words of each resident takes the product of both; with all
# words of residents beside, sorted, it takes their sum. Residents do not change any more by then.
_SALTS = """
CREATE TEMPORARY TABLE resident_salts ON COMMIT DROP AS
SELECT DISTINCT unnest(search_keys) AS key, id FROM subscriptions_resident;
CREATE INDEX ON resident_salts (key);
ANALYZE resident_salts
"""


def _by_salt(values: QuerySet[Any, Any], keys: set[str]) -> dict[str, Found]:
    hashed = {salt_key(key): key for key in keys}
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('pg_temp.resident_salts')")
        if cursor.fetchone()[0] is None:
            cursor.execute(_SALTS)
        cursor.execute(
            "SELECT key, min(id::text)::uuid FROM resident_salts WHERE key = ANY(%s) "
            "GROUP BY key HAVING count(*) = 1",
            [list(hashed)],
        )
        owners = dict(cursor.fetchall())
    rows = {row["id"]: row for row in values.filter(id__in=list(set(owners.values())))}
    return {hashed[key]: Found(rows[pk], "user-by-salt") for key, pk in owners.items()}


def _alike(
    values: QuerySet[Any, Any], keys: set[str], rule: str, shape: Any, shaped: Any
) -> dict[str, Found]:
    wanted: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        wanted[shaped(key)].append(key)
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in values.annotate(shape=shape).filter(shape__in=list(wanted)):
        rows[row["shape"]].append(row)
    found = {}
    for form, owners in rows.items():
        for key in wanted[form]:
            one = owners[0] if len(owners) == 1 else None
            found[key] = Found(one, rule if one else "look-alike-many", len(owners))
    return found


def pk_of(found: Found | None) -> UUID | None:
    """Return the key of the row that a reference leads to."""
    return found.row["id"] if found and found.row else None


def model_rows(model: type[ImportedRow]) -> QuerySet[Any]:
    """Return the imported rows of a table."""
    return model._default_manager.exclude(source_id=None)
