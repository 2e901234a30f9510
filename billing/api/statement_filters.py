"""Which days, meter and groups of usage are asked for, and which invoices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import django_filters as filters
from rest_framework import serializers
from rest_framework.request import Request

from billing.models import Invoice, Meter, Organization
from billing.queries.calendar import period_at
from billing.queries.usage_rows import UsageAsked
from core.api.problems import FieldError, invalid
from core.api.serializers import StrictSerializer

# As far as a calendar of ours reaches, and as much as one answer holds.
_FIRST, _LAST = date(1900, 1, 1), date(2200, 1, 1)
MOST_DAYS = 366
_SPECIAL = ("day", "meter")


class InvoiceFilters(filters.FilterSet):
    """Filters of the list of invoices; days are those on which their periods begin."""

    state = filters.ChoiceFilter(choices=Invoice.State.choices)

    class Meta:
        model = Invoice
        fields: list[str] = []


InvoiceFilters.base_filters["from"] = filters.DateFilter(
    field_name="period__starts_on", lookup_expr="gte"
)
InvoiceFilters.base_filters["to"] = filters.DateFilter(
    field_name="period__starts_on", lookup_expr="lte"
)


class UsageQuery(StrictSerializer):
    """The query of usage, beside `from`."""

    to = serializers.DateField(required=False, help_text="The last day.")
    meter = serializers.CharField(required=False, help_text="The code of a meter; all without it.")
    group_by = serializers.CharField(
        required=False,
        help_text="`day` and names of dimensions, parted by commas. Without it by day and by all.",
    )

    def get_fields(self) -> dict[str, serializers.Field]:  # type: ignore[type-arg]
        """Add `from`, which is no name in Python."""
        first = serializers.DateField(
            required=False, help_text="The first day; without it that of the running period."
        )
        return {"from": first, **super().get_fields()}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, and how it is named in the answer."""

    asked: UsageAsked
    group_by: list[str]


def usage_asked(request: Request, organization: Organization, now: object) -> Asked:
    """Read the query; raises a Problem (400) that names the parameter."""
    query = UsageQuery(data=request.query_params.dict())
    if not query.is_valid():
        raise invalid(
            *(
                FieldError(str(error), code=error.code, parameter=name)
                for name, errors in query.errors.items()
                for error in errors
            )
        )
    found = query.validated_data
    running = period_at(now, organization, organization.zone)  # type: ignore[arg-type]
    since = found.get("from", running.starts_on)
    last = found.get("to", max(since, running.ends_on - timedelta(days=1)))
    _check_days(since, last)
    meter = _meter(found.get("meter"))
    names, group_by = _groups(found.get("group_by"), meter)
    asked = UsageAsked(
        since=since,
        until=last + timedelta(days=1),
        meter=meter,
        by_day="day" in group_by,
        dimensions=names,
    )
    return Asked(asked, group_by)


def _check_days(since: date, last: date) -> None:
    for name, day in (("from", since), ("to", last)):
        if not _FIRST <= day < _LAST:
            raise invalid(
                FieldError("Give a day of the years 1900 to 2199.", "day_unusable", parameter=name)
            )
    if last < since:
        raise invalid(FieldError("The last day is before the first.", "days_empty", parameter="to"))
    if (last - since).days >= MOST_DAYS:
        raise invalid(
            FieldError(f"Ask for at most {MOST_DAYS} days.", "days_too_many", parameter="to")
        )


def _meter(code: str | None) -> Meter | None:
    if code is None:
        return None
    found = Meter.objects.filter(code=code).first()
    if found is None:
        raise invalid(
            FieldError("There is no meter with this code.", "meter_unknown", parameter="meter")
        )
    return found


def _groups(text: str | None, meter: Meter | None) -> tuple[list[str], list[str]]:
    rows = [meter.dimensions] if meter else Meter.objects.values_list("dimensions", flat=True)
    known = sorted({name for names in rows for name in names})
    if text is None:
        return known, ["day", "meter", *known]
    asked = [name for name in dict.fromkeys(text.split(",")) if name]
    unknown = [name for name in asked if name not in known and name not in _SPECIAL]
    if unknown:
        listed = ", ".join([*_SPECIAL, *known])
        raise invalid(
            FieldError(
                f"{unknown[0][:60]!r} is neither `day` nor a dimension. Known: {listed}.",
                "group_unknown",
                parameter="group_by",
            )
        )
    return [name for name in asked if name not in _SPECIAL], asked
