"""Serializers that take what the schema says and nothing that merely resembles it.

REST framework reads "12" as 12, true as 1 and a time without a zone as some zone's; it passes
over names it does not know. With money in the body none of that is harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from core.api.parsers import has_control_characters

# Seconds may be left out, the zone may not (RFC 3339, section 5.6).
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})",
    re.IGNORECASE,
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Field = serializers.Field[Any, Any, Any, Any]
_TEXTS = (
    serializers.CharField,
    serializers.UUIDField,
    serializers.DateTimeField,
    serializers.DateField,
    serializers.TimeField,
    serializers.DurationField,
)


class StrictFields:
    """A mixin for any serializer class: unknown names and loose types are mistakes."""

    def to_internal_value(self, data: Any) -> Any:
        """Validate as REST framework does, after looking at names and types."""
        found = dict(self._strict_errors(data)) if isinstance(data, Mapping) else {}
        value: Any = None
        try:
            value = super().to_internal_value(data)  # type: ignore[misc]
            self._complete(data, value)
        except ValidationError as error:
            found = {**error.detail, **found} if isinstance(error.detail, dict) else found
        if found:
            # In the order of the body; what is missing from it comes last.
            order = dict.fromkeys([*data, *found]) if isinstance(data, Mapping) else found
            raise ValidationError({name: found[name] for name in order if name in found})
        return value

    def _complete(self, data: Mapping[str, Any], value: dict[str, Any]) -> None:
        """Give an entry of a list what it leaves out, also where the rest may be left out.

        A list is replaced as a whole, so that its entries are whole; REST framework takes them
        for partial in a PATCH.
        """
        is_entry = isinstance(self.parent, serializers.ListSerializer)  # type: ignore[attr-defined]
        if not (is_entry and self.root.partial):  # type: ignore[attr-defined]
            return
        fields: Mapping[str, Field] = self.fields  # type: ignore[attr-defined]
        left_out = [one for name, one in fields.items() if name not in data and not one.read_only]
        missing = [str(one.field_name) for one in left_out if one.required]
        if missing:
            words = ErrorDetail("This field is required.", code="required")
            raise ValidationError({name: [words] for name in missing})
        for one in left_out:
            if one.default is not serializers.empty:
                default = one.default
                value[str(one.source)] = default() if callable(default) else default

    def _strict_errors(self, data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        fields: Mapping[str, Field] = self.fields  # type: ignore[attr-defined]
        for name, raw in data.items():
            field = fields.get(name)
            if field is None or field.read_only:
                yield name, [_unknown(field)]
            elif mistake := strict_mistake(field, raw):
                yield name, mistake


class StrictSerializer(StrictFields, serializers.Serializer[Any]):
    """The base for serializers that are written field by field."""


class StrictModelSerializer(StrictFields, serializers.ModelSerializer[Any]):
    """The base for serializers made from a model; name its `fields` one by one."""


def _unknown(field: Field | None) -> ErrorDetail:
    if field is None:
        return ErrorDetail("There is no field of this name here.", code="unknown_field")
    return ErrorDetail("This field cannot be set.", code="read_only")


def strict_mistake(field: Field, raw: Any) -> Any:
    """Return what is wrong with the JSON value for a field by its type alone, or None.

    A list of messages; for lists and maps a dict from index or name to such lists.
    """
    if raw is None:
        return None  # whether it may be null is the field's own rule
    if isinstance(field, serializers.ListField):
        rows = enumerate(raw) if isinstance(raw, list) else ()
        return _inner_mistakes(field.child, rows)
    if isinstance(field, serializers.DictField):
        return _inner_mistakes(field.child, raw.items() if isinstance(raw, dict) else ())
    message = _type_mistake(field, raw) or _text_mistake(field, raw)
    return [message] if message else None


def _inner_mistakes(child: Field, rows: Any) -> dict[Any, Any] | None:
    found = {key: mistake for key, raw in rows if (mistake := strict_mistake(child, raw))}
    return found or None


def _type_mistake(field: Field, raw: Any) -> ErrorDetail | None:
    is_number = isinstance(raw, int | Decimal) and not isinstance(raw, bool)
    if isinstance(field, serializers.BooleanField):
        return _unless(isinstance(raw, bool), "Give true or false.")
    if isinstance(field, serializers.IntegerField):
        return _unless(is_number and isinstance(raw, int), "Give a whole number, without quotes.")
    if isinstance(field, serializers.FloatField):
        return _unless(is_number, "Give a number, without quotes.")
    if isinstance(field, serializers.DecimalField):
        is_text = isinstance(raw, str) and raw.isascii() and " " not in raw and "_" not in raw
        return _unless(is_number or is_text, "Give a decimal number.")
    if isinstance(field, _TEXTS):
        return _unless(isinstance(raw, str), "Give a text, in quotes.")
    return None


def _text_mistake(field: Field, raw: Any) -> ErrorDetail | None:
    if isinstance(field, serializers.DateTimeField) and not _MOMENT.fullmatch(raw):
        words = "Give a moment with its zone, such as 2025-01-31T12:00:00Z."
        return ErrorDetail(words, code="zone_missing")
    if isinstance(field, serializers.DateField) and not _DAY.fullmatch(raw):
        return ErrorDetail("Give a day such as 2025-01-31.", code="invalid")
    if type(field) is serializers.ChoiceField and not isinstance(raw, str | int | bool):
        return ErrorDetail("Give one of the choices.", code="wrong_type")
    if isinstance(field, serializers.CharField):
        text = raw.strip() if field.trim_whitespace else raw
        if has_control_characters(text, line_breaks=is_multiline(field)):
            words = "Control characters and line breaks are not allowed here."
            return ErrorDetail(words, code="control_character")
    return None


def is_multiline(field: Field) -> bool:
    """Return whether a text may hold line breaks: TextFields, or `style={"multiline": True}`."""
    style = field.style
    return bool(style.get("multiline") or style.get("base_template") == "textarea.html")


def _unless(is_right: bool, words: str) -> ErrorDetail | None:
    return None if is_right else ErrorDetail(words, code="wrong_type")
