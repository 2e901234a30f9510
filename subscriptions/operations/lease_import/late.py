"""Rules that need all rows: leases that overlap, accounts that two houses have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection

from subscriptions.operations.lease_import.rules import RULES, Finding
from subscriptions.operations.lease_import.told import Told

_LATE_RULES = ("room-overlap", "resident-overlap", "house-account-shared", "charge-twice")

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
SELECT id, source_id, earlier[2], starts_on::text, earlier[1] FROM ordered
WHERE earlier[1]::date > starts_on
"""
_SHARED = """
SELECT id, source_id, {column}, count(*) OVER (PARTITION BY {column}) AS times
FROM {table} WHERE coalesce({column}, '') <> '' AND source_id IS NOT NULL
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


def find_late(told: Told, tables: dict[str, str]) -> None:
    """Apply the rules that need all rows, tell them and keep them on the rows. In scope.

    `tables` are the dump's own names of its tables.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE found_late (id uuid, of_table text, rule text, col text, "
            "wrong text, done text) ON COMMIT DROP"
        )
        for table in ("subscriptions_lease", "subscriptions_house", "subscriptions_rentpayment"):
            rows = [(pk, table, finding) for pk, finding in _findings(table, tables)]
            with cursor.copy("COPY found_late FROM STDIN") as copy:
                for pk, of_table, found in rows:
                    told.add(found)
                    copy.write_row(
                        [pk, of_table, found.rule, found.column, found.wrong, found.done]
                    )
            cursor.execute(
                _KEEP.format(table=table),
                {
                    "table": table,
                    "rules": list(_LATE_RULES),
                    "path": "$[*] ? ("
                    + " || ".join(f'@.rule == "{rule}"' for rule in _LATE_RULES)
                    + ")",
                },
            )


def _findings(table: str, tables: dict[str, str]) -> Iterator[tuple[Any, Finding]]:
    if table == "subscriptions_lease":
        name = tables.get("leases", "leases")
        yield from _overlaps(name, "room_id", "roomId", "room-overlap")
        yield from _overlaps(name, "resident_id", "userId", "resident-overlap")
    elif table == "subscriptions_house":
        name = tables.get("houses", "houses")
        shared = _rows(_SHARED.format(table=table, column="stripe_account_id"))
        for pk, source_id, _, times in shared:
            if times > 1:
                yield pk, _told(name, source_id, "stripeAccountId", "house-account-shared")
    else:
        name = tables.get("payments", "payments")
        for pk, source_id, _, times in _rows(
            _SHARED.format(table=table, column="stripe_charge_id")
        ):
            if times > 1:
                yield pk, _told(name, source_id, "stripeChargeId", "charge-twice")


def _overlaps(table: str, key: str, column: str, rule: str) -> Iterator[tuple[Any, Finding]]:
    for pk, source_id, earlier, starts_on, ends in _rows(_OVERLAPS.format(key=key)):
        until = "without an end" if ends == "9999-12-31" else f"until {ends}"
        wrong = f"{RULES[rule].wrong} It starts {starts_on}; {earlier} runs {until}."
        yield pk, Finding(table, source_id, column, rule, wrong, RULES[rule].done)


def _told(table: str, source_id: str, column: str, rule: str) -> Finding:
    return Finding(table, source_id, column, rule, RULES[rule].wrong, RULES[rule].done)


def _rows(statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
