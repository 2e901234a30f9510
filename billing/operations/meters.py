"""Meters: made, named, and put away. How they count is fixed once they have been used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from billing.models import Meter, UsageBucket
from billing.operations.inputs import refuse, wrong_code, wrong_name
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.tenancy import current

MOST_DIMENSIONS = 8
FROZEN = ("code", "aggregation", "dimensions", "unique_by", "allows_negative")
CHANGEABLE = ("name", "product", "unit", "is_archived", *FROZEN)
_LONGEST = {"product": 120, "unit": 40}
_DIMENSION = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,39}")


def make_meter(
    *,
    code: str,
    name: str,
    aggregation: str,
    product: str = "",
    unit: str = "",
    dimensions: list[str] | None = None,
    unique_by: str = "",
    allows_negative: bool = False,
) -> Meter:
    """Make a meter of the company in scope. Raises FieldsInvalid, also for a code that is taken."""
    fields = {
        "code": code, "name": name, "aggregation": aggregation, "product": product, "unit": unit,
        "dimensions": list(dimensions or []), "unique_by": unique_by,
        "allows_negative": allows_negative,
    }  # fmt: skip
    refuse(_wrong(fields))
    return _saved(Meter(tenant_id=current().tenant_id, **fields))


def change_meter(*, meter_id: UUID, changes: Mapping[str, Any]) -> Meter:
    """Change fields of a meter; of a used one only name, product, unit and whether it is archived.

    An archived meter takes no usage and gets no new price. In scope. Raises FieldsInvalid.
    """
    meter = Meter.objects.select_for_update().get(pk=meter_id)
    unknown = [name for name in changes if name not in CHANGEABLE]
    new = {name: value for name, value in changes.items() if getattr(meter, name) != value}
    all_fields = {name: new.get(name, getattr(meter, name)) for name in CHANGEABLE}
    wrong = [WrongField(name, "read_only", "This field cannot be set.") for name in unknown]
    wrong += _wrong(all_fields) if new else []
    frozen = [name for name in FROZEN if name in new]
    if frozen and UsageBucket.objects.filter(meter=meter).exists():
        words = "There is usage of this meter, so how it counts stays. Make another meter."
        wrong += [WrongField(name, "frozen", words) for name in frozen]
    refuse(wrong)
    for name, value in new.items():
        setattr(meter, name, value)
    return _saved(meter) if new else meter


def archive_meter(*, meter_id: UUID) -> Meter:
    """Have a meter take no more usage; what was used is still billed. Repeating changes nothing."""
    return change_meter(meter_id=meter_id, changes={"is_archived": True})


def _wrong(fields: Mapping[str, Any]) -> list[WrongField]:
    texts = {name: fields[name] for name in ("code", "name", "product", "unit")}
    wrong = [*wrong_texts(texts, _LONGEST), *wrong_code(fields["code"])]
    wrong += wrong_name(fields["name"], 120)
    if fields["aggregation"] not in Meter.Aggregation.values:
        words = f"Give one of: {', '.join(Meter.Aggregation.values)}."
        return [*wrong, WrongField("aggregation", "invalid_choice", words)]
    return [*wrong, *_wrong_dimensions(fields), *_wrong_counting(fields)]


def _wrong_dimensions(fields: Mapping[str, Any]) -> list[WrongField]:
    names = fields["dimensions"]
    wrong = [
        WrongField(f"dimensions/{place}", "malformed", "A name of letters, digits, _ . and -.")
        for place, name in enumerate(names)
        if not _DIMENSION.fullmatch(name)
    ]
    if len(names) > MOST_DIMENSIONS:
        words = f"At most {MOST_DIMENSIONS}: each combination of values is kept by day."
        wrong.append(WrongField("dimensions", "too_many", words))
    if len(set(names)) < len(names):
        wrong.append(WrongField("dimensions", "given_twice", "A dimension is named twice."))
    return wrong


def _wrong_counting(fields: Mapping[str, Any]) -> list[WrongField]:
    is_unique = fields["aggregation"] == Meter.Aggregation.UNIQUE
    unique_by = fields["unique_by"]
    wrong = []
    if is_unique and not _DIMENSION.fullmatch(unique_by):
        words = "A meter of different values says which field's values, such as user."
        wrong.append(WrongField("unique_by", "required", words))
    if not is_unique and unique_by:
        words = "Only a meter of different values has this."
        wrong.append(WrongField("unique_by", "not_allowed", words))
    if unique_by and unique_by in fields["dimensions"]:
        words = "It cannot be a dimension, too: each value would be counted apart."
        wrong.append(WrongField("unique_by", "is_dimension", words))
    if fields["allows_negative"] and fields["aggregation"] != Meter.Aggregation.SUM:
        words = "Only sums may go below zero."
        wrong.append(WrongField("allows_negative", "not_allowed", words))
    return wrong


def _saved(meter: Meter) -> Meter:
    try:
        with transaction.atomic():
            meter.save()
    except IntegrityError as error:
        rule = broken_rule(error)
        if rule == "used_meter_is_fixed":  # usage came in at this moment
            words = "There is usage by now; how it counts stays."
            raise FieldsInvalid(WrongField("aggregation", "frozen", words)) from error
        if rule != "meter_code_once":
            raise
        raise FieldsInvalid(WrongField("code", "taken", "Another meter has this code.")) from error
    return meter
