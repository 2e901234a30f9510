"""Prices: what one meter costs in a version, and from which day on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from billing.models import Assignment, BillingPeriod, Meter, PlanVersion, Price, PriceTier
from billing.operations.inputs import (
    FIRST_DAY,
    LAST_DAY,
    refuse,
    wrong_amount,
    wrong_days,
    wrong_exact,
)
from billing.operations.plans import locked_draft
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import Tenant
from core.periods import local_date
from core.tenancy import current

MOST_TIERS = 100


class PriceMissing(Exception):
    """There is no price of this version that holds on that day."""


class VersionNotPublished(Exception):
    """The version is a draft: its prices are set, not changed from a day on."""


@dataclass(frozen=True, slots=True)
class TierTerms:
    """Units up to and with `up_to` (the rest without) at `rate` each, and `flat` once."""

    up_to: Decimal | None
    rate: Decimal
    flat: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What a price says. Rates and flat amounts in minor units, tiers from 0 upwards.

    Each tier begins where the one before it ends, so none can be missing or overlap.
    """

    model: str
    tiers: tuple[TierTerms, ...]
    included: Decimal = Decimal(0)
    package_size: Decimal | None = None
    minimum_minor: int = 0
    filter_dimension: str = ""
    filter_value: str = ""


def per_unit(rate: Decimal, **more: object) -> PriceTerms:
    """Return terms of one rate for all units."""
    return replace(
        PriceTerms(model=Price.Model.PER_UNIT, tiers=(TierTerms(None, rate),)),
        **more,  # type: ignore[arg-type]
    )


def set_price(
    *,
    version_id: UUID,
    meter_id: UUID,
    terms: PriceTerms,
    starts_on: date = FIRST_DAY,
    ends_on: date | None = None,
) -> Price:
    """Add a price to a draft; it holds on `[starts_on, ends_on)`, always unless told. In scope.

    Raises FieldsInvalid, also when another price of the meter holds on some of these days;
    VersionPublished, Meter.DoesNotExist.
    """
    version = locked_draft(version_id)
    meter = Meter.objects.get(pk=meter_id)
    refuse([*wrong_days(starts_on, ends_on), *_wrong(terms, meter, version)])
    return _stored(version, meter, terms, starts_on, ends_on)


def remove_price(*, price_id: UUID) -> None:
    """Take a price out of a draft. In scope. Raises VersionPublished."""
    price = Price.objects.get(pk=price_id)
    locked_draft(price.version_id)
    price.delete()


def change_price(
    *, version_id: UUID, meter_id: UUID, terms: PriceTerms, from_on: date, now: datetime
) -> Price:
    """Have a meter of a published version cost something else from a day on, today at the earliest.

    The price that holds on that day ends; the new one holds as long as that one would have. A
    meter (or a value of its dimension) without a price gets its first. In scope. Raises
    FieldsInvalid, also when a price begins on that very day; VersionNotPublished.
    """
    version = _locked_published(version_id)
    meter = Meter.objects.get(pk=meter_id)
    refuse([*_not_past(from_on, "from_on", now), *_wrong(terms, meter, version)])
    rows = version.prices.filter(
        meter=meter,
        filter_dimension=terms.filter_dimension,
        filter_value=terms.filter_value,
    )
    held = rows.filter(Q(ends_on=None) | Q(ends_on__gt=from_on), starts_on__lte=from_on).first()
    later = rows.filter(starts_on__gt=from_on).order_by("starts_on").first()
    if held is not None and held.starts_on == from_on:
        words = f"A price of {meter} begins on {from_on} already; choose a later day."
        raise FieldsInvalid(WrongField("from_on", "price_begins_then", words))
    ends_on = held.ends_on if held else later.starts_on if later else None
    if held is not None:
        held.ends_on = from_on
        held.save(update_fields=["ends_on"])
    made = _stored(version, meter, terms, from_on, ends_on)
    _look_again(version, from_on, now)
    return made


def end_price(*, price_id: UUID, ends_on: date, now: datetime) -> Price:
    """Have a published price end before a day, today at the earliest; then the meter is free.

    In scope. Raises FieldsInvalid, VersionNotPublished, PriceMissing when it has ended by then.
    """
    price = Price.objects.select_related("version").get(pk=price_id)
    version = _locked_published(price.version_id)
    price.refresh_from_db()
    refuse([*_not_past(ends_on, "ends_on", now), *wrong_days(price.starts_on, ends_on)])
    if price.ends_on is not None and price.ends_on <= ends_on:
        raise PriceMissing(f"This price ends on {price.ends_on} already; nothing was changed.")
    price.ends_on = ends_on
    price.save(update_fields=["ends_on"])
    _look_again(version, ends_on, now)
    return price


def _locked_published(version_id: UUID) -> PlanVersion:
    rows = PlanVersion.objects.select_for_update(of=("self",)).select_related("plan")
    version = rows.get(pk=version_id)
    if version.published_at is None:
        raise VersionNotPublished(f"{version} is a draft: set its prices, then publish it.")
    return version


def _not_past(day: date, field: str, now: datetime) -> list[WrongField]:
    if not FIRST_DAY <= day <= LAST_DAY:
        return [WrongField(field, "out_of_range", "Give a day of the years 2000 to 2199.")]
    tenant = Tenant.objects.get(pk=current().tenant_id)
    if day < local_date(now, tenant.zone):
        words = "This day is over: prices of the past stay. Correct bills by an item or a credit."
        return [WrongField(field, "in_the_past", words)]
    return []


def _look_again(version: PlanVersion, from_on: date, now: datetime) -> None:
    """Have the next run settle periods that hold days of this price and are closed already.

    Today may be over in the east while it has not begun elsewhere.
    """
    holders = Assignment.objects.filter(version=version).values("organization_id")
    BillingPeriod.objects.filter(organization_id__in=holders, ends_on__gt=from_on).exclude(
        state=BillingPeriod.State.OPEN
    ).update(recheck_at=now)


def _stored(
    version: PlanVersion, meter: Meter, terms: PriceTerms, starts_on: date, ends_on: date | None
) -> Price:
    try:
        with transaction.atomic():
            price = Price.objects.create(
                tenant_id=version.tenant_id,
                version=version,
                meter=meter,
                model=terms.model,
                filter_dimension=terms.filter_dimension,
                filter_value=terms.filter_value,
                included=terms.included,
                package_size=terms.package_size,
                minimum_minor=terms.minimum_minor,
                starts_on=starts_on,
                ends_on=ends_on,
            )
            PriceTier.objects.bulk_create(_tiers(price, terms))
    except IntegrityError as error:
        found = _CLASHES.get(broken_rule(error))
        if found is None:
            raise
        raise FieldsInvalid(WrongField(found[0], found[1], found[2])) from error
    return price


_CLASHES = {
    "price_ranges_do_not_overlap": (
        "starts_on",
        "overlaps",
        (
            "Another price of this meter holds on some of these days. End that one first, or choose"
            " other days."
        ),
    ),
    "price_filters_use_one_dimension": (
        "filter_dimension",
        "another_dimension",
        (
            "Other prices of this meter are told apart by another dimension; usage could be rated"
            " twice. Use the same one."
        ),
    ),
}


def _tiers(price: Price, terms: PriceTerms) -> list[PriceTier]:
    rows, above = [], Decimal(0)
    for position, tier in enumerate(terms.tiers):
        rows.append(
            PriceTier(
                tenant_id=price.tenant_id,
                price=price,
                position=position,
                above=above,
                up_to=tier.up_to,
                rate=tier.rate,
                flat=tier.flat,
            )
        )
        above = tier.up_to if tier.up_to is not None else above
    return rows


def _wrong(terms: PriceTerms, meter: Meter, version: PlanVersion) -> list[WrongField]:
    wrong = [*wrong_exact(terms.included, "included")]
    wrong += wrong_amount(terms.minimum_minor, version.plan.currency, "minimum_minor", lowest=0)
    if meter.is_archived:
        words = f"{meter} is archived: it takes no usage. Choose another meter."
        wrong.append(WrongField("meter", "archived", words))
    if terms.model not in Price.Model.values:
        words = f"Give one of: {', '.join(Price.Model.values)}."
        return [*wrong, WrongField("model", "invalid_choice", words)]
    return [*wrong, *_wrong_package(terms), *wrong_tiers(terms), *_wrong_filter(terms, meter)]


def _wrong_package(terms: PriceTerms) -> list[WrongField]:
    if terms.model != Price.Model.PACKAGE:
        if terms.package_size is None:
            return []
        return [WrongField("package_size", "not_allowed", "Only a package price has a size.")]
    if terms.package_size is None:
        return [WrongField("package_size", "required", "Say how many units a package holds.")]
    if terms.package_size == 0:
        return [WrongField("package_size", "is_zero", "A package holds more than nothing.")]
    return list(wrong_exact(terms.package_size, "package_size"))


def wrong_tiers(terms: PriceTerms) -> list[WrongField]:
    """Return what is wrong with the tiers: their number, order, end and rates."""
    if not terms.tiers:
        return [WrongField("tiers", "required", "Give at least one tier.")]
    if len(terms.tiers) > MOST_TIERS:
        return [WrongField("tiers", "too_many", f"At most {MOST_TIERS} tiers.")]
    if terms.model == Price.Model.PER_UNIT and len(terms.tiers) > 1:
        words = "A price per unit has one rate; choose graduated or volume for tiers."
        return [WrongField("tiers", "too_many", words)]
    wrong, last = [], Decimal(0)
    for place, tier in enumerate(terms.tiers):
        at = f"tiers/{place}"
        wrong += [*wrong_exact(tier.rate, f"{at}/rate"), *wrong_exact(tier.flat, f"{at}/flat")]
        is_last = place == len(terms.tiers) - 1
        if is_last and tier.up_to is not None:
            words = "The last tier has no end: usage beyond it would cost nothing."
            wrong.append(WrongField(f"{at}/up_to", "not_open", words))
        elif not is_last:
            found = _wrong_end(tier.up_to, last, f"{at}/up_to")
            wrong += found
            last = tier.up_to if tier.up_to is not None and not found else last
    return wrong


def _wrong_end(up_to: Decimal | None, last: Decimal, field: str) -> list[WrongField]:
    if up_to is None:
        return [WrongField(field, "required", "Only the last tier has no end.")]
    found = list(wrong_exact(up_to, field))
    if not found and up_to <= last:
        words = f"A tier ends above where it begins, which is {last:f}."
        return [WrongField(field, "not_ascending", words)]
    return found


def _wrong_filter(terms: PriceTerms, meter: Meter) -> list[WrongField]:
    texts = {"filter_dimension": terms.filter_dimension, "filter_value": terms.filter_value}
    wrong = list(wrong_texts(texts, {"filter_value": 200}))
    if terms.filter_dimension and terms.filter_dimension not in meter.dimensions:
        known = ", ".join(meter.dimensions) or "none"
        words = f"{meter} is not told apart by this. Its dimensions: {known}."
        wrong.append(WrongField("filter_dimension", "unknown", words))
    if bool(terms.filter_dimension) != bool(terms.filter_value):
        words = "A dimension and its value come together, or neither."
        wrong.append(WrongField("filter_value", "incomplete", words))
    return wrong
