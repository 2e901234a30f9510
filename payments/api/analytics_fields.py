"""What the analytics endpoint is asked by and answers with."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from payments import kinds
from payments.analytics.chosen import LARGEST_MINOR
from payments.api.serializers import CurrencyField

FIRST, LAST = date(1990, 1, 1), date(2199, 12, 31)


def _within_years(day: date) -> None:
    if not FIRST <= day <= LAST:
        raise serializers.ValidationError(
            f"Give a day from {FIRST} to {LAST}.", code="out_of_range"
        )


class AnalyticsQuery(serializers.Serializer[Any]):
    """What to narrow the figures to; nothing is narrowed by what is left out."""

    first_day = serializers.DateField(
        required=False,
        validators=[_within_years],
        help_text="The first day, of the company's time zone.",
    )
    last_day = serializers.DateField(
        required=False, validators=[_within_years], help_text="The last day, included."
    )
    currency = CurrencyField(required=False, max_length=3, help_text="ISO 4217.")
    method = serializers.RegexField(
        r"^[a-z0-9_]{1,40}\Z",
        required=False,
        help_text="Stripe's word, such as `card`; `unknown` for payments without one.",
    )
    source = serializers.CharField(  # type: ignore[assignment]  # a field's own name in its base
        required=False,
        max_length=32,
        help_text="What was paid for: `link`, or the kind that another part has opened "
        "the checkout for, such as `application_fee` or `rent`.",
    )
    link = serializers.UUIDField(required=False, help_text="The id of a payment link.")
    min_amount_minor = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LARGEST_MINOR,
        help_text="The smallest amount, in minor units of whichever currency.",
    )
    max_amount_minor = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST_MINOR, help_text="The largest amount."
    )

    def validate_source(self, source: str) -> str:
        """Refuse what nobody takes payments for."""
        if source not in kinds.known():
            known = ", ".join(kinds.known())
            raise serializers.ValidationError(f"Nothing is called so. Known: {known}.")
        return source

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse ends before their beginnings."""
        for low, high in (("first_day", "last_day"), ("min_amount_minor", "max_amount_minor")):
            if low in attrs and high in attrs and attrs[high] < attrs[low]:
                raise serializers.ValidationError({high: f"This is less than {low}."})
        return attrs


class TallyAnswer(serializers.Serializer[Any]):
    """How many, and their sum."""

    count = serializers.IntegerField()
    amount_minor = serializers.IntegerField()


class StatesAnswer(serializers.Serializer[Any]):
    """Payments of one currency by what became of them."""

    currency = serializers.CharField()
    success = TallyAnswer()
    pending = TallyAnswer()
    failure = TallyAnswer()


class RefundsAnswer(serializers.Serializer[Any]):
    """Refunds of these payments; `refunded` is what has left."""

    refunded = TallyAnswer(help_text="Succeeded, or on their way at the bank.")
    succeeded = TallyAnswer()
    pending = TallyAnswer()
    requested = TallyAnswer()
    failed = TallyAnswer()


class DisputesAnswer(serializers.Serializer[Any]):
    """Disputes of these payments; `taken` is what they take: open and lost ones."""

    taken = TallyAnswer()
    open = TallyAnswer()
    lost = TallyAnswer()
    won = TallyAnswer()
    prevented = TallyAnswer()
    inquiries = TallyAnswer()


class TotalAnswer(StatesAnswer):
    """All figures of one currency."""

    received_minor = serializers.IntegerField(help_text="The sum of `success`.")
    unexpected = TallyAnswer(help_text="Late, surplus or mismatched; part of what was received.")
    waiting = TallyAnswer(help_text="Those of them that nobody has decided about.")
    refunds = RefundsAnswer()
    disputes = DisputesAnswer()
    net_minor = serializers.IntegerField(
        help_text="Received, less refunded, less what disputes take; before Stripe's fees."
    )


class DayAnswer(StatesAnswer):
    """One day of one currency; days on which nothing happened are left out."""

    day = serializers.DateField()


class HourAnswer(StatesAnswer):
    """One hour of the week."""

    weekday = serializers.IntegerField(help_text="1 is Monday, 7 is Sunday.")
    hour = serializers.IntegerField(help_text="0 to 23.")


class MethodAnswer(StatesAnswer):
    """One method; cards by brand."""

    method = serializers.CharField()
    brand = serializers.CharField(allow_blank=True)


class SourceAnswer(StatesAnswer):
    """One kind of thing that was paid."""

    source = serializers.CharField()  # type: ignore[assignment]


class DeclineAnswer(TallyAnswer):
    """Why payments failed."""

    code = serializers.CharField(help_text="Stripe's code, or `unknown`.")
    currency = serializers.CharField()


class FunnelAnswer(serializers.Serializer[Any]):
    """From view to payment."""

    views = serializers.IntegerField()
    checkouts = serializers.IntegerField()
    paid = serializers.IntegerField()


class LinkUseAnswer(FunnelAnswer):
    """The use of one link."""

    link = serializers.UUIDField()
    title = serializers.CharField()


class AnalyticsAnswer(serializers.Serializer[Any]):
    """All figures, out of one snapshot."""

    as_of = serializers.DateTimeField()
    time_zone = serializers.CharField(help_text="Whose days and hours these are.")
    totals = TotalAnswer(many=True)
    by_day = DayAnswer(many=True)
    by_hour = HourAnswer(many=True)
    by_method = MethodAnswer(many=True)
    by_source = SourceAnswer(many=True)
    declines = DeclineAnswer(many=True)
    funnel = FunnelAnswer(help_text="All links together.")
    links = LinkUseAnswer(many=True, help_text="The 1,000 links that are used most.")
    links_in_all = serializers.IntegerField()
