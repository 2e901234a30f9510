"""What goes in and out of the usage API, as the documentation shows it.

Batches are read by `billing.operations.usage`, not by serializers: those would take most of the
time of a call. A test holds both to the same names.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field
from rest_framework import serializers

from billing.operations.usage.sent import WORDS
from core.api.serializers import StrictSerializer


@extend_schema_field(
    {
        "oneOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}],
        "description": "A number or a text of digits, taken exactly: 15 digits and 12 decimals.",
    }
)
class QuantityField(serializers.DecimalField):
    """An exact number."""


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class DimensionsField(serializers.DictField):
    """Texts by name."""


class UsageEventIn(StrictSerializer):
    """One event; `action` makes a correction of it."""

    idempotency_key = serializers.CharField(max_length=200, help_text="A UUID version 7 is best.")
    organization = serializers.CharField(max_length=64, required=False, help_text="Code or id.")
    meter = serializers.CharField(max_length=64, required=False, help_text="Code or id.")
    quantity = QuantityField(
        max_digits=27, decimal_places=12, required=False, help_text="Left out: 1, when counting."
    )
    time = serializers.DateTimeField(required=False, help_text="With its zone.")
    dimensions = DimensionsField(required=False, help_text="Those that the meter names.")
    action = serializers.ChoiceField(choices=["replace", "void"], required=False)
    corrects = serializers.CharField(max_length=200, required=False, help_text="A key.")
    reason = serializers.CharField(max_length=300, required=False)


class VerdictOut(serializers.Serializer[Any]):
    """What became of one event."""

    index = serializers.IntegerField()
    idempotency_key = serializers.CharField(allow_null=True)
    verdict = serializers.ChoiceField(choices=WORDS)
    reason = serializers.CharField(required=False)
    pointer = serializers.CharField(required=False, help_text="A JSON pointer into the list.")


class CountsOut(serializers.Serializer[Any]):
    """How many events got which verdict."""

    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    conflict = serializers.IntegerField()
    rejected = serializers.IntegerField()


class VerdictsOut(CountsOut):
    """One verdict for each event, in order."""

    results = VerdictOut(many=True)
    counts = CountsOut()


class UsageEventOut(serializers.Serializer[Any]):
    """An event as it is stored."""

    idempotency_key = serializers.CharField()
    kind = serializers.CharField(help_text="usage, replace or void.")
    organization = serializers.CharField(help_text="Its code.")
    meter = serializers.CharField(help_text="Its code.")
    day = serializers.DateField(help_text="In the zone of the organization.")
    time = serializers.DateTimeField()
    quantity = serializers.CharField(help_text="Exact, as a text.")
    dimensions = DimensionsField()
    counts = serializers.BooleanField(help_text="False for voids and for what was corrected.")
    corrects = serializers.CharField(allow_null=True)
    corrected_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_null=True)
    received_at = serializers.DateTimeField()


class UsageEventChain(UsageEventOut):
    """An event, and all that it corrects and that corrects it, the first one first."""

    chain = UsageEventOut(many=True)


class UsageEventsPage(serializers.Serializer[Any]):
    """A page of events."""

    items = UsageEventOut(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


EXAMPLES = [
    OpenApiExample(
        "Events",
        value=[
            {
                "idempotency_key": "019aa5d0-3c00-7cc1-9d6a-0c5f6f1f0a01",
                "organization": "acme",
                "meter": "requests",
                "quantity": 12,
                "time": "2026-11-21T10:15:00Z",
                "dimensions": {"app": "shop", "region": "ams"},
            }
        ],
        request_only=True,
    ),
    OpenApiExample(
        "Corrections",
        value=[
            {
                "idempotency_key": "019aa5d0-3c00-7cc1-9d6a-0c5f6f1f0a02",
                "action": "replace",
                "corrects": "019aa5d0-3c00-7cc1-9d6a-0c5f6f1f0a01",
                "quantity": 10,
                "reason": "Counted two health checks",
            },
            {
                "idempotency_key": "019aa5d0-3c00-7cc1-9d6a-0c5f6f1f0a03",
                "action": "void",
                "corrects": "019aa5d0-3c00-7cc1-9d6a-0c5f6f1f0a02",
                "reason": "A test of ours",
            },
        ],
        request_only=True,
    ),
    OpenApiExample(
        "Verdicts",
        value={
            "results": [
                {"index": 0, "idempotency_key": "a", "verdict": "accepted"},
                {
                    "index": 1,
                    "idempotency_key": "b",
                    "verdict": "rejected",
                    "reason": "This field is missing.",
                    "pointer": "/1/quantity",
                },
            ],
            "accepted": 1,
            "duplicate": 0,
            "conflict": 0,
            "rejected": 1,
            "counts": {"accepted": 1, "duplicate": 0, "conflict": 0, "rejected": 1},
        },
        response_only=True,
    ),
]
