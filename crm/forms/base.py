"""What the forms of the CRM share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from core.invalid import FieldsInvalid
from core.models import User
from payments.forms import Moment

YEARS = range(1970, 2101)


class MomentField(forms.DateTimeField):
    """A day and a time to the minute, in the zone that is active."""

    widget = Moment

    def clean(self, value: Any) -> datetime | None:
        """Refuse years that no plan reaches, and that databases and calendars stumble over."""
        when: datetime | None = super().clean(value)
        if when is not None and when.year not in YEARS:
            raise ValidationError(f"Give a year from {YEARS[0]} to {YEARS[-1]}.")
        return when


class CrmForm(forms.Form):
    """A form whose errors may come from an operation."""

    # What the form calls differently from the operation.
    field_of: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say that fields are what they are by their labels, without a colon."""
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def show_refusal(self, refusal: FieldsInvalid) -> None:
        """Put each error of the operation at the field it is about."""
        for error in refusal.errors:
            name = self.field_of.get(error.field, error.field)
            self.add_error(name if name in self.fields else None, error.detail)


def person_choices(people: Iterable[User], empty: str) -> list[tuple[str, str]]:
    """Return people to choose from, after what choosing none of them means."""
    return [("", empty), *((str(person.pk), str(person)) for person in people)]


def team_choices(teams: Mapping[UUID, str], empty: str) -> list[tuple[str, str]]:
    """Return teams to choose from, after what choosing none of them means."""
    return [("", empty), *((str(pk), name) for pk, name in teams.items())]


def to_id(text: str | None) -> UUID | None:
    """Return the id that one of the choices above stands for."""
    return UUID(text) if text else None
