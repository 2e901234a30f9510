"""What an organization owes now, or would owe: a statement made by the code that invoices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from billing.models import BillingPeriod, Organization
from billing.queries.calendar import Days, period_at, period_of
from billing.queries.charges import ORDER, STATEMENT, Target, parameters
from core.prepared import fetch_prepared

# Kinds of lines that are taxed; the others settle what is owed.
CHARGES = frozenset({"recurring", "usage", "minimum", "one_off", "late", "credit"})

# Up to so many targets planning takes longer than answering; many are worth a plan of their own.
_FEW = 5
# Numbers as the columns of an invoice's lines keep them, so that a preview is what is stored.
_SELECT = f"""{STATEMENT}
SELECT n, kind, source, source_id, charged_from, product, description, starts_on, ends_on,
    quantity::numeric(38, 12), unit, exact::numeric(38, 12), amount
FROM statement ORDER BY n, {ORDER}
"""  # noqa: S608 - ours


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line as it would stand on the invoice; see InvoiceLine. Amounts in minor units."""

    kind: str
    source: str
    source_id: UUID
    charged_from: date
    product: str
    description: str
    starts_on: date
    ends_on: date
    quantity: Decimal | None
    unit: str
    exact: Decimal
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What one organization owes for one period, as of the usage stored when it was asked."""

    organization_id: UUID
    currency: str
    days: Days
    lines: tuple[StatementLine, ...]

    @property
    def net_minor(self) -> int:
        """Charges before tax, prepaid credit and what is carried."""
        return sum(line.amount_minor for line in self.lines if line.kind in CHARGES)

    @property
    def total_minor(self) -> int:
        """What is to be paid: the sum of all lines."""
        return sum(line.amount_minor for line in self.lines)


def statement_of(organization: Organization, *, now: datetime) -> Statement:
    """Return the invoice of the running period as it would be now, without storing anything."""
    days = period_at(now, organization, organization.zone)
    target = target_of(organization, days, is_next=days.starts_on == first_uninvoiced(organization))
    return statements({organization.pk: organization.currency}, [(target, days)])[0]


def what_if(organization: Organization, days: Days, *, instead: UUID | None = None) -> Statement:
    """Return usage, minimums and fees of a period alone, under another version of its plans.

    Without `instead` under the versions that were held, to compare with.
    """
    target = target_of(organization, days, is_next=False)
    currencies = {organization.pk: organization.currency}
    return statements(currencies, [(target, days)], instead=instead, only_charges=True)[0]


def statements(
    currencies: dict[UUID, str],
    targets: Sequence[tuple[Target, Days]],
    *,
    instead: UUID | None = None,
    only_charges: bool = False,
) -> list[Statement]:
    """State each target; `currencies` of its organizations by id. One statement for all."""
    asked = parameters(
        [target for target, _ in targets], instead=instead, only_charges=only_charges
    )
    found: dict[int, list[StatementLine]] = {}
    for row in _rows(asked, is_small=len(targets) <= _FEW):
        values = (*row[1:-1], int(row[-1]))
        found.setdefault(row[0], []).append(StatementLine(*values))
    return [
        Statement(
            target.organization_id,
            currencies[target.organization_id],
            days,
            tuple(found.get(place, ())),
        )
        for place, (target, days) in enumerate(targets, start=1)
    ]


def _rows(asked: dict[str, Any], *, is_small: bool) -> list[tuple[Any, ...]]:
    if is_small:
        return fetch_prepared(_SELECT, asked)
    with connection.cursor() as cursor:
        cursor.execute(_SELECT, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def target_of(organization: Organization, days: Days, *, is_next: bool) -> Target:
    """Return a period of an organization as the statement is asked for it."""
    after = period_of(days.ends_on, organization)
    return Target(
        organization_id=organization.pk,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        whole_days=days.whole_days,
        next_ends_on=after.ends_on,
        next_whole_days=after.whole_days,
        is_next=is_next,
    )


def first_uninvoiced(organization: Organization) -> date:
    """Return the first day of the earliest period without an invoice, draft ones included."""
    starts: date | None = None
    ends = organization.billing_starts_on
    periods = BillingPeriod.objects.filter(organization=organization).order_by("starts_on")
    for state, starts_on, ends_on in periods.values_list("state", "starts_on", "ends_on"):
        if state != BillingPeriod.State.INVOICED and starts is None:
            starts = starts_on
        ends = ends_on
    return starts or ends
