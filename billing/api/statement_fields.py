"""What the API says about invoices, made or not made yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from billing import words
from billing.models import Invoice
from billing.queries.calendar import Days
from billing.queries.explaining import Explained, LineLike
from billing.queries.invoices import bill_of, paid_moment
from billing.queries.owed import Owed
from billing.queries.sentences import sentences
from billing.queries.statement import Statement

_EXACT = "A decimal number as text, with all its digits."


class PeriodAnswer(serializers.Serializer[Any]):
    """The days of a period, on the organization's calendar."""

    starts_on = serializers.DateField()
    ends_before = serializers.DateField(help_text="The first day that is not part of it.")


class TierOfLineAnswer(serializers.Serializer[Any]):
    """One tier that was walked."""

    above = serializers.CharField(help_text=_EXACT)
    up_to = serializers.CharField(allow_null=True, help_text=_EXACT)
    units = serializers.CharField(help_text=_EXACT)
    rate_minor = serializers.CharField(help_text="Minor units for each unit, not rounded.")
    flat_minor = serializers.CharField(help_text="Minor units owed once.")
    exact_minor = serializers.CharField(help_text="What the tier comes to, not rounded.")


class PriceOfLineAnswer(serializers.Serializer[Any]):
    """The price that a line was rated by."""

    id = serializers.UUIDField()
    plan = serializers.CharField()
    version = serializers.IntegerField()
    model = serializers.CharField()
    meter = serializers.CharField()
    valid_from = serializers.DateField()
    valid_before = serializers.DateField(allow_null=True)
    included = serializers.CharField(help_text=_EXACT)
    package_size = serializers.CharField(allow_null=True, help_text=_EXACT)
    minimum_minor = serializers.IntegerField()


class ExplanationAnswer(serializers.Serializer[Any]):
    """Why a line is what it is."""

    words = serializers.ListField(child=serializers.CharField())
    price = PriceOfLineAnswer(allow_null=True)
    quantity = serializers.CharField(allow_null=True, help_text="All usage of the period.")
    tiers = TierOfLineAnswer(many=True)
    invoiced_before_minor = serializers.IntegerField()


class LineAnswer(serializers.Serializer[Any]):
    """A line. `source`, `source_id` and `charged_from` name what it charges for."""

    id = serializers.UUIDField(allow_null=True, help_text="Null while there is no invoice.")
    kind = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field's own name
    source_id = serializers.UUIDField()
    charged_from = serializers.DateField()
    product = serializers.CharField()
    description = serializers.CharField()
    starts_on = serializers.DateField()
    ends_before = serializers.DateField()
    quantity = serializers.CharField(allow_null=True, help_text=_EXACT)
    unit = serializers.CharField()
    exact_minor = serializers.CharField(help_text="Minor units before rounding.")
    amount_minor = serializers.IntegerField()
    explanation = ExplanationAnswer()


class EndedAnswer(serializers.Serializer[Any]):
    """A period that has ended and has no invoice yet."""

    period = PeriodAnswer()
    total_minor = serializers.IntegerField()


_LINE_EXAMPLE = {
    "id": None,
    "kind": "usage",
    "source": "usage",
    "source_id": "0d9f0a4e-7c1b-4a55-9a0e-0f4f3a6b1c11",
    "charged_from": "2026-11-01",
    "product": "Compute",
    "description": "CPU time",
    "starts_on": "2026-11-01",
    "ends_before": "2026-12-01",
    "quantity": "23800",
    "unit": "s",
    "exact_minor": "8300.5",
    "amount_minor": 8301,
    "explanation": {
        "words": [
            "Added up over these days: 23,800 s.",
            "Your plan includes 1,000 s in each period, so 22,800 s are charged.",
            "22,800 s at €0.0036 each: €83.005.",
            "€83.005 is rounded once, half up, to €83.01.",
        ],
        "price": {
            "id": "0d9f0a4e-7c1b-4a55-9a0e-0f4f3a6b1c11",
            "plan": "Launch",
            "version": 3,
            "model": "graduated",
            "meter": "cpu",
            "valid_from": "2026-01-01",
            "valid_before": None,
            "included": "1000",
            "package_size": None,
            "minimum_minor": 0,
        },
        "quantity": "23800",
        "tiers": [
            {
                "above": "0",
                "up_to": None,
                "units": "22800",
                "rate_minor": "0.36",
                "flat_minor": "0",
                "exact_minor": "8300.5",
            }
        ],
        "invoiced_before_minor": 0,
    },
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Half of a month",
            value={
                "organization": "acme",
                "as_of": "2026-11-18T12:00:00Z",
                "currency": "EUR",
                "period": {"starts_on": "2026-11-01", "ends_before": "2026-12-01"},
                "usage_through": "2026-11-18T11:58:21Z",
                "net_minor": 8301,
                "tax_minor": 0,
                "prepaid_minor": 0,
                "carried_minor": 0,
                "waived_minor": 0,
                "total_minor": 8301,
                "lines": [_LINE_EXAMPLE],
                "ended_periods": [],
            },
            response_only=True,
        )
    ]
)
class UpcomingAnswer(serializers.Serializer[Any]):
    """What the invoice of the running period would be now. Amounts are in minor units."""

    organization = serializers.CharField()
    as_of = serializers.DateTimeField(help_text="All usage received until then is counted.")
    currency = serializers.CharField()
    period = PeriodAnswer()
    usage_through = serializers.DateTimeField(
        allow_null=True, help_text="The time of the latest event that is counted."
    )
    net_minor = serializers.IntegerField(help_text="Charges and credits before tax.")
    tax_minor = serializers.IntegerField()
    prepaid_minor = serializers.IntegerField(help_text="Taken from prepaid credit: below zero.")
    carried_minor = serializers.IntegerField(help_text="From earlier, or to later invoices.")
    waived_minor = serializers.IntegerField()
    total_minor = serializers.IntegerField(help_text="The sum of all lines.")
    lines = LineAnswer(many=True)
    ended_periods = EndedAnswer(many=True, help_text="Ended, without an invoice yet.")


class InvoiceAnswer(serializers.Serializer[Any]):
    """An invoice with what has become of it."""

    id = serializers.UUIDField()
    number = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(Invoice.State.choices)
    standing = serializers.CharField(help_text="What has become of its money.")
    standing_words = serializers.CharField()
    currency = serializers.CharField()
    period = PeriodAnswer()
    net_minor = serializers.IntegerField()
    tax_minor = serializers.IntegerField()
    total_minor = serializers.IntegerField()
    open_minor = serializers.IntegerField(help_text="Still to be paid.")
    issued_on = serializers.DateField(allow_null=True)
    due_on = serializers.DateField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    pay_url = serializers.CharField(help_text="Where to pay; empty when nothing is to be paid.")
    content_sha256 = serializers.CharField()
    lines_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class InvoiceWithLines(InvoiceAnswer):
    """An invoice with its lines."""

    lines = LineAnswer(many=True)


class UsageRowAnswer(serializers.Serializer[Any]):
    """The usage of one meter, told apart as asked for."""

    day = serializers.DateField(allow_null=True)
    meter = serializers.CharField()
    unit = serializers.CharField()
    dimensions = serializers.DictField(child=serializers.CharField())
    quantity = serializers.CharField(help_text=_EXACT)
    events = serializers.IntegerField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One app's day",
            value={
                "from": "2026-11-01",
                "to": "2026-11-30",
                "group_by": ["day", "app"],
                "as_of": "2026-11-18T12:00:00Z",
                "rows": [
                    {
                        "day": "2026-11-03",
                        "meter": "cpu",
                        "unit": "s",
                        "dimensions": {"app": "web"},
                        "quantity": "1400.25",
                        "events": 24,
                    }
                ],
            },
            response_only=True,
        )
    ]
)
class UsageAnswer(serializers.Serializer[Any]):
    """Usage; meters are always told apart, as their quantities cannot be added."""

    to = serializers.DateField(help_text="The last day.")
    group_by = serializers.ListField(child=serializers.CharField())
    as_of = serializers.DateTimeField()
    rows = UsageRowAnswer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which is no name in Python."""
        first = serializers.DateField(help_text="The first day.")
        return {"from": first, **super().get_fields()}


def upcoming_answer(found: Owed, usage_through: Any) -> dict[str, Any]:
    """Return what UpcomingAnswer describes."""
    running = found.running
    return {
        "organization": found.organization.code,
        "as_of": moment(found.now),
        "currency": running.currency,
        "period": _period(running.days),
        "usage_through": moment(usage_through),
        "net_minor": running.net_minor,
        **{f"{kind}_minor": _sum(running, kind) for kind in _SETTLING},
        "total_minor": running.total_minor,
        "lines": [line_answer(one) for one in found.explained],
        "ended_periods": [
            {"period": _period(one.days), "total_minor": one.total_minor} for one in found.ended
        ],
    }


_SETTLING = ("tax", "prepaid", "carried", "waived")


def _sum(statement: Statement, kind: str) -> int:
    return sum(line.amount_minor for line in statement.lines if line.kind == kind)


def moment(when: Any) -> str | None:
    """Return a moment as the API writes it."""
    return serializers.DateTimeField().to_representation(when) if when else None


def _period(days: Days) -> dict[str, str]:
    return {"starts_on": days.starts_on.isoformat(), "ends_before": days.ends_on.isoformat()}


def line_answer(one: Explained) -> dict[str, Any]:
    """Return what LineAnswer describes."""
    line: LineLike = one.line
    return {
        "id": getattr(line, "id", None),
        "kind": line.kind,
        "source": line.source,
        "source_id": line.source_id,
        "charged_from": line.charged_from.isoformat(),
        "product": line.product,
        "description": line.description,
        "starts_on": line.starts_on.isoformat(),
        "ends_before": line.ends_on.isoformat(),
        "quantity": None if line.quantity is None else words.plain_number(line.quantity),
        "unit": line.unit,
        "exact_minor": words.plain_number(line.exact),
        "amount_minor": line.amount_minor,
        "explanation": _explanation(one),
    }


def _explanation(one: Explained) -> dict[str, Any]:
    plain = words.plain_number
    rated = one.rated
    return {
        "words": sentences(one),
        "price": _price(one),
        "quantity": plain(rated.quantity) if rated else None,
        "tiers": [
            {
                "above": plain(step.above),
                "up_to": None if step.up_to is None else plain(step.up_to),
                "units": plain(step.units),
                "rate_minor": plain(step.rate),
                "flat_minor": plain(step.flat),
                "exact_minor": plain(step.exact),
            }
            for step in (rated.steps if rated else ())
        ],
        "invoiced_before_minor": one.earlier.amount_minor,
    }


def _price(one: Explained) -> dict[str, Any] | None:
    price = one.price
    if price is None:
        return None
    size = price.package_size
    return {
        "id": price.pk,
        "plan": price.version.plan.name,
        "version": price.version.number,
        "model": price.model,
        "meter": price.meter.code,
        "valid_from": price.starts_on.isoformat(),
        "valid_before": price.ends_on.isoformat() if price.ends_on else None,
        "included": words.plain_number(price.included),
        "package_size": None if size is None else words.plain_number(size),
        "minimum_minor": price.minimum_minor,
    }


@extend_schema_field(InvoiceAnswer)
def invoice_answer(invoice: Invoice) -> dict[str, Any]:
    """Return what InvoiceAnswer describes."""
    bill = bill_of(invoice)
    return {
        "id": invoice.pk,
        "number": invoice.number,
        "state": invoice.state,
        "standing": bill.state,
        "standing_words": bill.words,
        "currency": invoice.currency,
        "period": _period(
            Days(invoice.period.starts_on, invoice.period.ends_on, invoice.period.whole_days)
        ),
        "net_minor": invoice.net_minor,
        "tax_minor": invoice.tax_minor,
        "total_minor": invoice.total_minor,
        "open_minor": bill.open_minor,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "paid_at": moment(paid_moment(invoice)),
        "pay_url": bill.pay_url,
        "content_sha256": invoice.content_sha256,
        "lines_count": invoice.lines_count,
        "created_at": moment(invoice.created_at),
    }


def last_day(ends_before: Any) -> str:
    """Return the last day of days that end before another."""
    return str((ends_before - timedelta(days=1)).isoformat())
