"""What a past month would have cost under another version of a plan. Nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.models import BillingPeriod, Organization, PlanVersion
from billing.queries.calendar import Days
from billing.queries.statement import statements, target_of
from core.tenancy import scope

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """What one organization's usage, minimums and fees of a period came to, and would have."""

    organization_id: UUID
    code: str
    name: str
    currency: str
    starts_on: date
    ends_on: date
    was_minor: int
    would_be_minor: int

    @property
    def difference_minor(self) -> int:
        """What it would be more; below zero, less."""
        return self.would_be_minor - self.was_minor


@dataclass(slots=True)
class Total:
    """The same for all organizations of a currency; `more` and `less` count them."""

    was_minor: int = 0
    would_be_minor: int = 0
    organizations: int = 0
    more: int = 0
    less: int = 0

    @property
    def difference_minor(self) -> int:
        """What it would be more; below zero, less."""
        return self.would_be_minor - self.was_minor

    def add(self, one: Difference) -> None:
        """Count one more organization."""
        self.was_minor += one.was_minor
        self.would_be_minor += one.would_be_minor
        self.organizations += 1
        self.more += one.difference_minor > 0
        self.less += one.difference_minor < 0


def periods_to_compare(*, month: date, version: PlanVersion) -> list[UUID]:
    """Return the periods of a month whose organizations held a version of the same plan. In scope.

    A period belongs to the month of its last day, as for a run.
    """
    rows = BillingPeriod.objects.filter(
        month=month, organization__assignments__version__plan=version.plan_id
    )
    return list(rows.order_by("organization__code").distinct().values_list("pk", flat=True))


def what_if(*, tenant_id: UUID, periods: list[UUID], version_id: UUID) -> Iterator[Difference]:
    """Yield each organization's difference, some hundred at a time in short transactions.

    Days on which another plan was held stay as they were. Outside any scope.
    """
    for start in range(0, len(periods), CHUNK):
        with scope(tenant_id):
            found = compare(periods[start : start + CHUNK], version_id)
        yield from found


def compare(periods: list[UUID], version_id: UUID) -> list[Difference]:
    """Return the differences of some periods: two statements, however many. In scope."""
    rows = BillingPeriod.objects.filter(pk__in=periods).select_related("organization")
    named = [(row, row.organization) for row in rows.order_by("organization__code", "starts_on")]
    days = [Days(row.starts_on, row.ends_on, row.whole_days) for row, _ in named]
    targets = [
        (target_of(organization, span, is_next=False), span)
        for (_, organization), span in zip(named, days, strict=True)
    ]
    currencies = {organization.pk: organization.currency for _, organization in named}
    was = statements(currencies, targets, only_charges=True)
    would = statements(currencies, targets, only_charges=True, instead=version_id)
    return [
        _difference(organization, span, before.net_minor, after.net_minor)
        for (_, organization), span, before, after in zip(named, days, was, would, strict=True)
    ]


def _difference(organization: Organization, days: Days, was: int, would: int) -> Difference:
    return Difference(
        organization_id=organization.pk,
        code=organization.code,
        name=organization.name,
        currency=organization.currency,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        was_minor=was,
        would_be_minor=would,
    )


def totals(differences: list[Difference]) -> dict[str, Total]:
    """Return the totals by currency."""
    found: dict[str, Total] = {}
    for one in differences:
        found.setdefault(one.currency, Total()).add(one)
    return found
