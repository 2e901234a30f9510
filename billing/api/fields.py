"""What goes in and out of the set-up of billing: types here, rules in the operations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from billing.models import (
    Alert,
    Assignment,
    Meter,
    OneOffItem,
    Organization,
    Plan,
    PlanVersion,
    Price,
    PriceTier,
    RecurringFee,
    TaxRate,
    WalletEntry,
)
from core.api.serializers import StrictSerializer
from payments.api.serializers import CurrencyField


class ExactNumber(serializers.DecimalField):
    """A rate or quantity: a decimal with 12 decimals at most, answered without idle zeros."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 38)
        kwargs.setdefault("decimal_places", 12)
        super().__init__(**kwargs)

    def to_representation(self, value: Decimal) -> str:
        """Return it as text: "0.0125"."""
        text = f"{Decimal(value):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class TaxRateFields(StrictSerializer):
    """A tax rate."""

    name = serializers.CharField(max_length=60)
    percentage = ExactNumber(max_digits=9, decimal_places=6)
    is_inclusive = serializers.BooleanField(required=False)


class TaxRateName(StrictSerializer):
    """What can be changed of a tax rate."""

    name = serializers.CharField(max_length=60)


class TaxRateAnswer(serializers.ModelSerializer[TaxRate]):
    """A tax rate."""

    percentage = ExactNumber()

    class Meta:
        model = TaxRate
        fields = ("id", "name", "percentage", "is_inclusive", "created_at")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A company in Berlin",
            value={
                "code": "acme",
                "name": "Acme GmbH",
                "currency": "EUR",
                "time_zone": "Europe/Berlin",
                "payer": {"name": "Acme GmbH", "email": "billing@acme.example", "country": "DE"},
            },
            request_only=True,
        )
    ]
)
class OrganizationFields(StrictSerializer):
    """What can be said of an organization. `tax_rate` is the id of one, or null."""

    code = serializers.CharField(max_length=64, help_text="By which programs call it.")
    name = serializers.CharField(max_length=200)
    currency = CurrencyField(max_length=3)
    time_zone = serializers.CharField(max_length=60, help_text="Such as Europe/Berlin.")
    payer = serializers.DictField(
        child=serializers.CharField(max_length=254, allow_blank=True),
        required=False,
        help_text="name, email, phone, line1, line2, city, postal_code, state, country, tax_id, "
        "reference.",
    )
    anchor_day = serializers.IntegerField(required=False, help_text="1 to 31.")
    billing_starts_on = serializers.DateField(required=False)
    net_days = serializers.IntegerField(required=False, help_text="0 to 365.")
    collection = serializers.ChoiceField(Organization.Collection.choices, required=False)
    below_minimum = serializers.ChoiceField(Organization.BelowMinimum.choices, required=False)
    tax_rate = serializers.UUIDField(required=False, allow_null=True)


class OrganizationAnswer(serializers.ModelSerializer[Organization]):
    """An organization."""

    payer = serializers.DictField(child=serializers.CharField())
    tax_rate = serializers.UUIDField(source="tax_rate_id", allow_null=True)

    class Meta:
        model = Organization
        fields = (
            "id", "code", "name", "currency", "time_zone", "payer", "anchor_day",
            "billing_starts_on", "closed_through", "net_days", "collection", "below_minimum",
            "tax_rate", "state", "created_at", "updated_at",
        )  # fmt: skip


class MeterFields(StrictSerializer):
    """What can be said of a meter."""

    code = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=120)
    aggregation = serializers.ChoiceField(Meter.Aggregation.choices)
    product = serializers.CharField(max_length=120, required=False, allow_blank=True)
    unit = serializers.CharField(max_length=40, required=False, allow_blank=True)
    dimensions = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=50, required=False
    )
    unique_by = serializers.CharField(max_length=40, required=False, allow_blank=True)
    allows_negative = serializers.BooleanField(required=False)


class MeterChanges(MeterFields):
    """What can be changed of a meter."""

    is_archived = serializers.BooleanField(required=False)


class MeterAnswer(serializers.ModelSerializer[Meter]):
    """A meter."""

    class Meta:
        model = Meter
        fields = (
            "id", "code", "name", "product", "unit", "aggregation", "dimensions", "unique_by",
            "allows_negative", "is_archived", "created_at", "updated_at",
        )  # fmt: skip


class TierFields(StrictSerializer):
    """Units up to and with `up_to`; null: all that is left."""

    up_to = ExactNumber(allow_null=True, required=False, default=None)
    rate = ExactNumber(required=False, default=Decimal(0))
    flat = ExactNumber(required=False, default=Decimal(0))


_TIERED = {
    "meter": "requests",
    "model": "graduated",
    "included": "1000",
    "tiers": [{"up_to": "10000", "rate": "0.05"}, {"up_to": None, "rate": "0.02"}],
}


class PriceFields(StrictSerializer):
    """What a price says. Rates in minor units, as decimals in quotes.

    `rate` alone stands for one tier without an end. `meter` is an id or a code.
    """

    meter = serializers.CharField(max_length=64)
    model = serializers.ChoiceField(Price.Model.choices)
    rate = ExactNumber(required=False)
    tiers = serializers.ListField(child=TierFields(), required=False, max_length=200)
    included = ExactNumber(required=False)
    package_size = ExactNumber(required=False, allow_null=True)
    minimum_minor = serializers.IntegerField(required=False)
    filter_dimension = serializers.CharField(max_length=40, required=False, allow_blank=True)
    filter_value = serializers.CharField(max_length=200, required=False, allow_blank=True)


@extend_schema_serializer(examples=[OpenApiExample("Graduated", value=_TIERED, request_only=True)])
class NewPriceFields(PriceFields):
    """A price of a draft; without days it holds always."""

    starts_on = serializers.DateField(required=False)
    ends_on = serializers.DateField(required=False, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "From a day on", value={**_TIERED, "from_on": "2030-01-01"}, request_only=True
        )
    ]
)
class PriceChangeFields(PriceFields):
    """A price of a published version that holds from a day on."""

    from_on = serializers.DateField()


class PriceEndFields(StrictSerializer):
    """The first day without a price."""

    ends_on = serializers.DateField()


class TierAnswer(serializers.ModelSerializer[PriceTier]):
    """A tier: units above `above`, up to and with `up_to`."""

    above = ExactNumber()
    up_to = ExactNumber(allow_null=True)
    rate = ExactNumber()
    flat = ExactNumber()

    class Meta:
        model = PriceTier
        fields = ("above", "up_to", "rate", "flat")


class PriceAnswer(serializers.ModelSerializer[Price]):
    """A price with its tiers."""

    meter = serializers.CharField(source="meter.code")
    included = ExactNumber()
    package_size = ExactNumber(allow_null=True)
    tiers = TierAnswer(many=True)

    class Meta:
        model = Price
        fields = (
            "id", "meter", "model", "included", "package_size", "minimum_minor",
            "filter_dimension", "filter_value", "starts_on", "ends_on", "tiers",
        )  # fmt: skip


class FeeFields(StrictSerializer):
    """A fee of a draft, for each period."""

    name = serializers.CharField(max_length=120)
    amount_minor = serializers.IntegerField()
    timing = serializers.ChoiceField(RecurringFee.Timing.choices)
    is_prorated = serializers.BooleanField(required=False)
    product = serializers.CharField(max_length=120, required=False, allow_blank=True)


class RecurringFeeAnswer(serializers.ModelSerializer[RecurringFee]):
    """A fee."""

    class Meta:
        model = RecurringFee
        fields = ("id", "name", "product", "amount_minor", "timing", "is_prorated")


class VersionFields(StrictSerializer):
    """A new version. `copy_from`: the id of a version whose prices and fees it begins with."""

    note = serializers.CharField(max_length=300, required=False, allow_blank=True)
    copy_from = serializers.UUIDField(required=False, allow_null=True)


class VersionAnswer(serializers.ModelSerializer[PlanVersion]):
    """A version with its prices and fees."""

    plan = serializers.CharField(source="plan.code")
    currency = serializers.CharField(source="plan.currency")
    prices = PriceAnswer(many=True)
    fees = RecurringFeeAnswer(many=True)

    class Meta:
        model = PlanVersion
        fields = (
            "id", "plan", "currency", "number", "note", "published_at", "prices", "fees",
            "created_at",
        )  # fmt: skip


class PlanFields(StrictSerializer):
    """A plan, without a version."""

    code = serializers.CharField(max_length=64)
    name = serializers.CharField(max_length=120)
    currency = CurrencyField(max_length=3)


class PlanName(StrictSerializer):
    """What can be changed of a plan."""

    name = serializers.CharField(max_length=120)


class ShortVersion(serializers.ModelSerializer[PlanVersion]):
    """A version in a list."""

    class Meta:
        model = PlanVersion
        fields = ("id", "number", "note", "published_at")


class PlanAnswer(serializers.ModelSerializer[Plan]):
    """A plan with its versions, newest first."""

    versions = ShortVersion(many=True)

    class Meta:
        model = Plan
        fields = ("id", "code", "name", "currency", "versions", "created_at")


class AssignmentFields(StrictSerializer):
    """Which version holds, on `[starts_on, ends_on)`. `replaces`: in place of what holds then."""

    version = serializers.UUIDField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(required=False, allow_null=True)
    replaces = serializers.BooleanField(
        required=False, help_text="true: take the place of the plan that holds then."
    )


class AssignmentEnd(StrictSerializer):
    """The first day without the plan."""

    ends_on = serializers.DateField()


class AssignmentAnswer(serializers.ModelSerializer[Assignment]):
    """Which version holds, and when."""

    version = serializers.UUIDField(source="version_id")
    plan = serializers.CharField(source="version.plan.code")
    number = serializers.IntegerField(source="version.number")

    class Meta:
        model = Assignment
        fields = ("id", "plan", "version", "number", "starts_on", "ends_on", "created_at")


class ItemFields(StrictSerializer):
    """A one-off amount; below zero a credit. `due_on` is today in its zone unless given."""

    description = serializers.CharField(max_length=300)
    amount_minor = serializers.IntegerField()
    product = serializers.CharField(max_length=120, required=False, allow_blank=True)
    due_on = serializers.DateField(required=False, allow_null=True)


class ItemAnswer(serializers.ModelSerializer[OneOffItem]):
    """A one-off item."""

    currency = serializers.CharField(source="organization.currency")

    class Meta:
        model = OneOffItem
        fields = (
            "id", "description", "product", "amount_minor", "currency", "due_on",
            "idempotency_key", "cancelled_at", "created_at",
        )  # fmt: skip


class WalletFields(StrictSerializer):
    """A movement of prepaid credit; `amount_minor` is above zero, `kind` says which way."""

    kind = serializers.ChoiceField([("top_up", ""), ("grant", ""), ("withdrawn", "")])
    amount_minor = serializers.IntegerField()
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class WalletAnswer(serializers.ModelSerializer[WalletEntry]):
    """A movement of prepaid credit; what was taken is below zero."""

    currency = serializers.CharField(source="organization.currency")
    invoice = serializers.UUIDField(source="invoice_id", allow_null=True)

    class Meta:
        model = WalletEntry
        fields = (
            "id", "kind", "amount_minor", "currency", "note", "invoice", "idempotency_key",
            "created_at",
        )  # fmt: skip


class BalanceAnswer(serializers.Serializer[Any]):
    """Prepaid credit in minor units; drafts hold `held_minor` of it."""

    currency = serializers.CharField()
    balance_minor = serializers.IntegerField()
    held_minor = serializers.IntegerField()
    available_minor = serializers.IntegerField()


class AlertFields(StrictSerializer):
    """A threshold: an amount owed in a period, or a quantity of one meter in it."""

    kind = serializers.ChoiceField([("amount", ""), ("usage", "")])
    amount_minor = serializers.IntegerField(required=False, allow_null=True)
    meter = serializers.CharField(max_length=64, required=False, allow_null=True)
    quantity = ExactNumber(required=False, allow_null=True)


class AlertAnswer(serializers.ModelSerializer[Alert]):
    """An alert."""

    meter = serializers.CharField(source="meter.code", allow_null=True, default=None)
    quantity = ExactNumber(allow_null=True)

    class Meta:
        model = Alert
        fields = (
            "id", "kind", "meter", "amount_minor", "quantity", "set_by", "ended_at", "created_at",
        )  # fmt: skip


class LimitFields(StrictSerializer):
    """From which amount on no more usage is wanted; null: none."""

    amount_minor = serializers.IntegerField(allow_null=True)


class LimitAnswer(serializers.Serializer[Any]):
    """The spend limit and where the running period stands."""

    limit_minor = serializers.IntegerField(allow_null=True)
    owed_minor = serializers.IntegerField()
    currency = serializers.CharField()
    is_over_limit = serializers.BooleanField()
    period_starts_on = serializers.DateField()
    period_ends_on = serializers.DateField()
    reached_at = serializers.DateTimeField(allow_null=True)
