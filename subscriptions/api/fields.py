"""What goes in and out of the clubs API: types here, rules in the operations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.api.serializers import StrictSerializer
from subscriptions.models import Subscription, SubscriptionStatusChange
from subscriptions.queries.moments import moment

EXAMPLE_ID = "00000000-0000-0000-000-0000000000000"


@extend_schema_field({"type": "string", "format": "date-time"})
class MomentField(serializers.Field[datetime, Any, str, Any]):
    """A moment as the data model writes it: without a zone it is UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        """Return the moment."""
        if not isinstance(data, str):
            raise serializers.ValidationError("Give a text, in quotes.", code="wrong_type")
        try:
            return moment(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error), code="invalid") from error

    def to_representation(self, value: datetime) -> str:
        """Return it in UTC."""
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_serializer(
    examples=[OpenApiExample("A customer", value={"customer_id": EXAMPLE_ID}, request_only=True)]
)
class SubscribeFields(StrictSerializer):
    """Who joins."""

    customer_id = serializers.CharField(
        max_length=36, trim_whitespace=False, help_text="The customer's id at the shop, as it is."
    )

    def validate_customer_id(self, value: str) -> str:
        """Refuse an id of blanks alone."""
        if not value.strip():
            raise serializers.ValidationError("This may not be blank.", code="blank")
        return value


class SubscriptionAnswer(serializers.ModelSerializer[Subscription]):
    """A subscription just made."""

    id = serializers.CharField(source="reference")
    subscription_id = serializers.CharField(source="reference")
    club_id = serializers.IntegerField(source="club.number")
    customer_id = serializers.CharField(source="customer_store_id")
    create_date = MomentField(source="subscribed_at")
    status_id = serializers.IntegerField(source="last_status")

    class Meta:
        model = Subscription
        fields = ("id", "subscription_id", "club_id", "customer_id", "status_id", "create_date")


@extend_schema_serializer(
    examples=[
        OpenApiExample("Activate", value={"status_id": 1}, request_only=True),
        OpenApiExample(
            "Pause for 30 days",
            value={"status_id": 3, "interval": 30, "details": "On holiday"},
            request_only=True,
        ),
    ]
)
class StatusFields(StrictSerializer):
    """A status command. `interval` counts days of 24 hours and comes with a pause only."""

    status_id = serializers.IntegerField(
        min_value=1, max_value=3, help_text="1 active, 2 cancelled, 3 paused."
    )
    effect_date = MomentField(required=False, allow_null=True)
    details = serializers.CharField(
        max_length=500, required=False, allow_blank=True, allow_null=True,
        style={"multiline": True},
    )  # fmt: skip
    interval = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True
    )


class ChangeAnswer(serializers.ModelSerializer[SubscriptionStatusChange]):
    """A row of a subscription's history."""

    id = serializers.CharField(source="reference")
    status_id = serializers.IntegerField(source="status")
    effect_date = MomentField(source="effective_at")
    create_date = MomentField(source="recorded_at")

    class Meta:
        model = SubscriptionStatusChange
        fields = ("id", "status_id", "effect_date", "create_date", "details")


class StatusAnswer(serializers.Serializer[Any]):
    """What came of a status command; `changed` is false for a repeated one."""

    subscription_id = serializers.CharField(source="subscription.reference")
    changed = serializers.BooleanField()
    detail = serializers.CharField()
    status_id = serializers.IntegerField(source="status_now", allow_null=True)
    status = serializers.CharField(allow_null=True)
    change = ChangeAnswer(source="row")
    next_change = ChangeAnswer(allow_null=True)
    withdrawn = ChangeAnswer(many=True)


class ChargeAnswer(serializers.Serializer[Any]):
    """A charge that the shop has made. `order` is the shop's own answer.

    `already_charged`: this request did not call the shop; it tells of an earlier one, by
    `request_id`.
    """

    subscription_id = serializers.CharField()
    request_id = serializers.CharField()
    state = serializers.CharField()
    month = serializers.CharField(help_text="The calendar month in the club's zone: 2026-11.")
    already_charged = serializers.BooleanField()
    charged_at = serializers.CharField()
    order = serializers.DictField()
