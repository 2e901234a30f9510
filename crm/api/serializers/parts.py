"""Parts that several answers share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from core.api.serializers import StrictSerializer
from core.models import User
from core.money import Money
from crm.models import Stage

MULTILINE = {"multiline": True}
# By key: what is shown of the stages that rows stand on, read once for an answer.
Stages = Mapping[str, Stage]


class PersonSchema(serializers.Serializer[Any]):
    """A person of the company."""

    id = serializers.UUIDField()
    name = serializers.CharField(help_text="The name, else the e-mail address.")


@extend_schema_field(PersonSchema(allow_null=True))
class PersonField(serializers.Field[User, Any, dict[str, Any], User]):
    """A person as id and name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: User) -> dict[str, Any]:
        """Return `{"id": ..., "name": ...}`."""
        return {"id": str(value.pk), "name": str(value)}


class StageSchema(serializers.Serializer[Any]):
    """The stage that a row stands on."""

    key = serializers.CharField(help_text="What programs call it.")
    name = serializers.CharField()
    outcome = serializers.ChoiceField(Stage.Outcome.choices)


@extend_schema_field(StageSchema)
class StageField(serializers.Field[str, Any, dict[str, Any], str]):
    """A stage as key, name and outcome; needs `stages` in the context."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: str) -> dict[str, Any]:
        """Return `{"key": ..., "name": ..., "outcome": ...}`."""
        stage = self.context["stages"].get(value)
        if stage is None:  # it was made since the stages were read
            return {"key": value, "name": value, "outcome": Stage.Outcome.OPEN.value}
        return {"key": value, "name": stage.name, "outcome": stage.outcome}


class MoneySchema(serializers.Serializer[Any]):
    """An amount of money."""

    minor = serializers.IntegerField(help_text="In the smallest unit, such as cents.")
    currency = serializers.CharField(help_text="ISO 4217.")
    display = serializers.CharField(help_text="For people; not for computing.")


@extend_schema_field(MoneySchema(allow_null=True))
class MoneyField(serializers.Field[Money, Any, dict[str, Any], Money]):
    """An amount as minor units, currency and the text to show; null for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Money) -> dict[str, Any]:
        """Return `{"minor": 5000, "currency": "EUR", "display": "€50.00"}`."""
        return {"minor": value.minor, "currency": value.currency, "display": value.display()}


class MoveFields(StrictSerializer):
    """Where to move to."""

    stage = serializers.CharField(help_text="The key of the stage.")
    note = serializers.CharField(
        required=False, allow_blank=True, style=MULTILINE, help_text="Why; some stages need it."
    )


def address(context: Mapping[str, Any], name: str, *args: object) -> str:
    """Return the absolute address of a route, as the caller reached us."""
    return str(reverse(name, args=args, request=context["request"]))
