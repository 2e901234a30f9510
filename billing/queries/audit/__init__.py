"""The promises of billing, checked on the rows as they lie there.

Each check is one statement over all rows of the company in scope; docs/audit.md tells of each.
What the database holds by constraints and triggers is looked at all the same: rows may have been
written past them, by a restored copy or by the owner's role.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db import connection

from billing.queries.audit import invoices, money, periods, usage
from billing.queries.audit.charges import CHARGES_ARE_RATED_USAGE
from billing.queries.audit.check import Check, Finding, Result, failed
from billing.queries.audit.hashes import CREDIT_NOTES_UNCHANGED, INVOICES_UNCHANGED
from billing.queries.audit.references import no_foreign_references
from core.currencies import CURRENCIES

__all__ = ["Check", "Finding", "Result", "all_checks", "audit", "failed"]

LONG_AGO = date(1900, 1, 1)
SHOWN = 20


def all_checks() -> tuple[Check, ...]:
    """Return all checks, in the order in which they are told."""
    return (
        *usage.CHECKS,
        *periods.CHECKS,
        *invoices.CHECKS,
        CHARGES_ARE_RATED_USAGE,
        INVOICES_UNCHANGED,
        CREDIT_NOTES_UNCHANGED,
        *money.CHECKS,
        no_foreign_references(),
    )


def audit(
    *,
    since: date | None = None,
    everything: bool = False,
    names: Sequence[str] = (),
    shown: int = SHOWN,
) -> Iterator[Result]:
    """Check the company in scope, one promise after the other; `shown` ids of each at most.

    `since` leaves out usage and periods before that day. `everything` recomputes the hash of all
    invoices instead of a tenth. `names` picks checks.
    """
    values = _parameters(since or LONG_AGO, everything)
    for check in all_checks():
        if not names or check.name in names:
            yield _run(check, values, shown)


def _parameters(since: date, everything: bool) -> dict[str, Any]:
    known = CURRENCIES.values()
    return {
        "since": since,
        "everything": everything,
        "currency": [currency.code for currency in known],
        "step": [currency.step for currency in known],
        "smallest": [currency.minimum for currency in known],
        # What the statement of charges asks besides (billing.queries.charges).
        "instead": None,
        "only_charges": False,
    }


def _run(check: Check, values: dict[str, Any], shown: int) -> Result:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) OVER (), v.id, v.detail FROM ({check.sql}) v"  # noqa: S608 - ours
            " ORDER BY v.id, v.detail LIMIT %(shown)s",
            {**values, "shown": max(shown, 1)},
        )
        rows = cursor.fetchall()
    found = tuple(Finding(str(identity), str(detail)) for _, identity, detail in rows[:shown])
    return Result(check, int(rows[0][0]) if rows else 0, found)
