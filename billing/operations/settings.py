"""How a company bills, and how its invoices are numbered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from billing.models import BillingSettings, NumberSeries, Organization
from billing.operations.inputs import refuse
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField
from core.tenancy import current

_RANGES = {"grace_hours": (0, 744), "oldest_usage_days": (1, 400), "net_days": (0, 365)}
PREFIXES = {NumberSeries.Kind.INVOICE: "INV-", NumberSeries.Kind.CREDIT_NOTE: "CN-"}


def change_settings(*, changes: Mapping[str, Any]) -> BillingSettings:
    """Change how the company in scope bills; counts the version up. Raises FieldsInvalid.

    Periods that are closed already stay so, and organizations keep what they have.
    """
    wrong = [
        WrongField(name, "out_of_range", f"Give a whole number from {low} to {high}.")
        for name, (low, high) in _RANGES.items()
        if name in changes and not _is_within(name, changes[name], low, high)
    ]
    choices = Organization.BelowMinimum.values
    if changes.get("below_minimum", choices[0]) not in choices:
        words = f"Give one of: {', '.join(choices)}."
        wrong.append(WrongField("below_minimum", "invalid_choice", words))
    refuse(wrong)
    BillingSettings.objects.get_or_create(tenant_id=current().tenant_id)
    held = BillingSettings.objects.select_for_update().get()
    for name, value in changes.items():
        setattr(held, name, value)
    held.version += 1
    held.save()
    return held


def _is_within(name: str, value: int | None, low: int, high: int) -> bool:
    # Without a number of its own a company takes usage as far back as all do.
    return name == "oldest_usage_days" if value is None else low <= value <= high


def number_series(*, kind: str) -> NumberSeries:
    """Return the series of a kind, made when it is wanted first. In scope; repeating is safe."""
    series, _ = NumberSeries.objects.get_or_create(
        tenant_id=current().tenant_id,
        kind=kind,
        defaults={"prefix": PREFIXES[NumberSeries.Kind(kind)]},
    )
    return series


def set_prefix(*, kind: str, prefix: str) -> NumberSeries:
    """Have the numbers to come begin with another prefix; the count goes on. In scope.

    Raises FieldsInvalid for one that is not 1 to 12 capital letters, digits and hyphens, or that
    the other series has.
    """
    if not re.fullmatch(r"[A-Z0-9-]{1,12}", prefix):
        words = "1 to 12 capital letters, digits and hyphens."
        raise FieldsInvalid(WrongField("prefix", "malformed", words))
    series = NumberSeries.objects.select_for_update().get(pk=number_series(kind=kind).pk)
    series.prefix = prefix
    try:
        with transaction.atomic():
            series.save(update_fields=["prefix"])
    except IntegrityError as error:
        if broken_rule(error) != "number_prefix_once":
            raise
        words = "The other series has this prefix; two documents would get one number."
        raise FieldsInvalid(WrongField("prefix", "taken", words)) from error
    return series
