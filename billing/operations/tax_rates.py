"""Tax rates: a percentage never changes, since invoices were made with it; another one is made."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from billing.models import InvoiceLine, Organization, TaxRate
from billing.operations.inputs import refuse, wrong_name
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.tenancy import current

DECIMALS = 6


class TaxRateInUse(Exception):
    """Organizations or invoices have this rate."""


def make_tax_rate(*, name: str, percentage: Decimal, is_inclusive: bool = False) -> TaxRate:
    """Make a tax rate: `percentage` from 0 to 100 with 6 decimals at most. In scope.

    Raises FieldsInvalid, also for a name that is taken.
    """
    refuse([*_wrong_name(name), *_wrong_percentage(percentage)])
    rate = TaxRate(
        tenant_id=current().tenant_id,
        name=name.strip(),
        percentage=percentage,
        is_inclusive=is_inclusive,
    )
    return _saved(rate)


def rename_tax_rate(*, tax_rate_id: UUID, name: str) -> TaxRate:
    """Give a rate another name; it stands on invoices to come. In scope. Raises FieldsInvalid."""
    refuse(_wrong_name(name))
    rate = TaxRate.objects.select_for_update().get(pk=tax_rate_id)
    rate.name = name.strip()
    return _saved(rate)


def delete_tax_rate(*, tax_rate_id: UUID) -> None:
    """Delete a rate that nobody has and no invoice names. In scope. Raises TaxRateInUse."""
    rate = TaxRate.objects.select_for_update().get(pk=tax_rate_id)
    lines = InvoiceLine.objects.filter(source=InvoiceLine.Source.TAX, source_id=rate.pk)
    if Organization.objects.filter(tax_rate=rate).exists() or lines.exists():
        raise TaxRateInUse(f"{rate} is in use, so it stays.")
    rate.delete()


def _wrong_name(name: str) -> list[WrongField]:
    return [*wrong_texts({"name": name}, {}), *wrong_name(name, 60)]


def _wrong_percentage(percentage: Decimal) -> list[WrongField]:
    if not percentage.is_finite() or not 0 <= percentage <= 100:
        return [WrongField("percentage", "out_of_range", "Give a percentage from 0 to 100.")]
    if -int(percentage.normalize().as_tuple().exponent) > DECIMALS:
        return [WrongField("percentage", "too_many_decimals", f"At most {DECIMALS} decimals.")]
    return []


def _saved(rate: TaxRate) -> TaxRate:
    try:
        with transaction.atomic():
            rate.save()
    except IntegrityError as error:
        if broken_rule(error) != "tax_rate_name_once":
            raise
        words = "Another rate has this name."
        raise FieldsInvalid(WrongField("name", "taken", words)) from error
    return rate
