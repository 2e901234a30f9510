"""Rules that need all rows: leases that overlap, accounts that two houses have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db import connection

from subscriptions.operations.lease_import.rules import RULES, Finding
from subscriptions.operations.lease_import.told import Told

# Half-open days [starts_on, ends), of leases that are or were lived in. A lease that starts before
# one in front of it ends overlaps that one; a running maximum finds it in one pass over sorted
# rows. The maximum is of text arrays, so that it brings along whose end it is.
_OVERLAPS = """
WITH lived AS (
    SELECT id, source_id, {key}, starts_on, coalesce(
        CASE WHEN moves_out_on >= starts_on THEN least(ends_on, moves_out_on) ELSE ends_on END,
        '9999-12-31'::date) AS ends
    FROM subscriptions_lease
    WHERE {key} IS NOT NULL AND starts_on IS NOT NULL AND source_id IS NOT NULL
      AND status NOT IN ('cancelled', 'void')
      AND (moves_out_on IS NULL OR moves_out_on > starts_on)
), ordered AS (
    SELECT id, source_id, starts_on,
           max(ARRAY[ends::text, source_id::text]) OVER before AS earlier
    FROM lived WHERE ends > starts_on
    WINDOW before AS (PARTITION BY {key} ORDER BY starts_on, source_id
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT id, source_id,
       ' It starts ' || starts_on || '; ' || earlier[2] || ' runs '
       || CASE earlier[1] WHEN '9999-12-31' THEN 'without an end.'
          ELSE 'until ' || earlier[1] || '.' END AS more
FROM ordered WHERE earlier[1]::date > starts_on
"""
_SHARED = """
SELECT id, source_id, '' AS more FROM (
    SELECT id, source_id, count(*) OVER (PARTITION BY {key}) AS times
    FROM {table} WHERE coalesce({key}, '') <> '' AND source_id IS NOT NULL
) shared WHERE times > 1
"""
# The signs are those of `subscriptions.queries.holds`.
_ALIKE = """
SELECT id, source_id, '' AS more FROM (
    SELECT id, source_id, min({key}) OVER same AS first, max({key}) OVER same AS last
    FROM {table} WHERE coalesce({key}, '') <> '' AND source_id IS NOT NULL
    WINDOW same AS (PARTITION BY translate({key}, 'OolIiSB', '0011158'))
) alike WHERE first <> last
"""
# What was found late replaces what an import before found late; nothing else is touched.
_KEEP = """
WITH now_found AS (
    SELECT id, jsonb_agg(jsonb_build_object(
        'rule', rule, 'column', col, 'wrong', wrong, 'done', done) ORDER BY rule) AS late
    FROM found_late WHERE of_table = %(table)s GROUP BY id
), wanted AS (
    SELECT t.id, coalesce((SELECT jsonb_agg(one) FROM jsonb_array_elements(t.findings) one
                           WHERE NOT one->>'rule' = ANY(%(rules)s)), '[]'::jsonb)
                 || coalesce(n.late, '[]'::jsonb) AS findings
    FROM {table} t LEFT JOIN now_found n ON n.id = t.id
    WHERE n.id IS NOT NULL OR t.findings @? %(path)s
)
UPDATE {table} t SET findings = w.findings FROM wanted w
WHERE t.id = w.id AND t.findings <> w.findings
"""


_MAKE = """
CREATE TEMPORARY TABLE found_late (
    id uuid, source_id text, of_table text, of_source text, rule text, col text, wrong text,
    done text
) ON COMMIT DROP
"""
_FIND = """
INSERT INTO found_late
SELECT id, source_id, %(table)s, %(source)s, %(rule)s, %(column)s, %(wrong)s || more, %(done)s
FROM ({statement}) found
"""

LEASE, HOUSE, RENT = (
    "subscriptions_lease", "subscriptions_house", "subscriptions_rentpayment",
)  # fmt: skip


class _Late(NamedTuple):
    """A rule: the kind of table in the dump, ours, the column on both sides, and how it is told."""

    kind: str
    table: str
    key: str
    column: str
    rule: str
    statement: str


_LATE = (
    _Late("leases", LEASE, "room_id", "roomId", "room-overlap", _OVERLAPS),
    _Late("leases", LEASE, "resident_id", "userId", "resident-overlap", _OVERLAPS),
    _Late("houses", HOUSE, "stripe_account_id", "stripeAccountId", "house-account-shared", _SHARED),
    _Late("houses", HOUSE, "stripe_account_id", "stripeAccountId", "house-account-alike", _ALIKE),
    _Late("payments", RENT, "stripe_charge_id", "stripeChargeId", "charge-twice", _SHARED),
)


def find_late(told: Told, tables: dict[str, str]) -> None:
    """Apply the rules that need all rows, tell them and keep them on the rows. In scope.

    `tables` are the dump's own names of its tables. The database does the work, so that memory
    does not grow with what is found.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MAKE)
        for late in _LATE:
            _find(cursor, late, tables.get(late.kind, late.kind))
        for table in (LEASE, HOUSE, RENT):
            rules = [late.rule for late in _LATE if late.table == table]
            path = " || ".join(f'@.rule == "{rule}"' for rule in rules)
            cursor.execute(
                _KEEP.format(table=table),
                {"table": table, "rules": rules, "path": f"$[*] ? ({path})"},
            )
    for found in _found():
        told.add(found)


def _find(cursor: Any, late: _Late, source: str) -> None:
    statement = late.statement.format(key=late.key, table=late.table)
    cursor.execute(
        _FIND.format(statement=statement),
        {
            "table": late.table,
            "source": source,
            "rule": late.rule,
            "column": late.column,
            "wrong": RULES[late.rule].wrong,
            "done": RULES[late.rule].done,
        },
    )


def _found() -> Iterator[Finding]:
    """Yield what was found, read from the database bit by bit."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            "SELECT of_source, source_id, col, rule, wrong, done FROM found_late "
            "ORDER BY of_source, rule, source_id"
        )
        while rows := cursor.fetchmany(1000):
            yield from (Finding(*row) for row in rows)
