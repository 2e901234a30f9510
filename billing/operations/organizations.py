"""Organizations: made, changed, closed and opened again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing.models import (
    Assignment,
    BillingPeriod,
    Organization,
    TaxRate,
    UsageBucket,
    WalletEntry,
)
from billing.operations.inputs import refuse, wrong_code, wrong_currency, wrong_day, wrong_name
from billing.queries.settings import settings_now
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models.tenant import validate_zone
from core.periods import local_date
from core.tenancy import current

PAYER = {
    "name": 200, "email": 254, "phone": 40, "line1": 200, "line2": 200, "city": 100,
    "postal_code": 20, "state": 100, "country": 2, "tax_id": 40, "reference": 100,
}  # fmt: skip
FROZEN = ("currency", "time_zone", "anchor_day", "billing_starts_on")
CHANGEABLE = (
    "code", "name", "payer", "net_days", "collection", "below_minimum", "tax_rate_id", *FROZEN,
)  # fmt: skip


class OrganizationClosed(Exception):
    """The organization is closed: it gets no more usage, plans, items or credit."""

    def __init__(self, organization: Organization) -> None:
        super().__init__(f"{organization.name} is closed. Open it again first.")


class OrganizationOpen(Exception):
    """It was to be opened, and is open."""


def make_organization(
    *,
    code: str,
    name: str,
    currency: str,
    time_zone: str,
    now: datetime,
    payer: Mapping[str, str] | None = None,
    anchor_day: int = 1,
    billing_starts_on: date | None = None,
    **more: Any,
) -> Organization:
    """Make an organization of the company in scope.

    `more`: net_days, collection, below_minimum, tax_rate_id; what is not given is as the billing
    settings say. Billing starts today in its zone unless told otherwise. Raises FieldsInvalid,
    also for a code that is taken.
    """
    held = settings_now()
    fields = {
        "code": code, "name": name.strip(), "currency": currency, "time_zone": time_zone,
        "payer": dict(payer or {}), "anchor_day": anchor_day,
        "net_days": held.net_days, "below_minimum": held.below_minimum, **more,
    }  # fmt: skip
    refuse([*_wrong(fields), *wrong_day(billing_starts_on, "billing_starts_on")])
    organization = Organization(tenant_id=current().tenant_id, **fields)
    organization.billing_starts_on = billing_starts_on or local_date(now, organization.zone)
    return _saved(organization)


def change_organization(*, organization_id: UUID, changes: Mapping[str, Any]) -> Organization:
    """Change fields of an organization; counts its version up. In scope.

    Currency, zone, anchor day and the first day of billing are fixed once there is usage, a period
    or prepaid credit. The same values again change nothing. Raises FieldsInvalid.
    """
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    unknown = [name for name in changes if name not in CHANGEABLE]
    new = {name: value for name, value in changes.items() if getattr(organization, name) != value}
    wrong = [WrongField(name, "read_only", "This field cannot be set.") for name in unknown]
    wrong += [*_wrong(new), *wrong_day(new.get("billing_starts_on"), "billing_starts_on")]
    wrong += _frozen(organization, new)
    refuse(wrong)
    if not new:
        return organization
    for name, value in new.items():
        setattr(organization, name, value)
    organization.version += 1
    return _saved(organization)


def close_organization(*, organization_id: UUID, now: datetime) -> Organization:
    """Close an organization: its plan ends with today, and what is owed is still invoiced.

    In scope. Raises OrganizationClosed when it was closed before.
    """
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    must_be_open(organization)
    tomorrow = local_date(now, organization.zone) + timedelta(days=1)
    rows = Assignment.objects.filter(organization=organization)
    rows.filter(starts_on__gte=tomorrow).delete()
    rows.filter(ends_on=None).update(ends_on=tomorrow)
    rows.filter(ends_on__gt=tomorrow).update(ends_on=tomorrow)
    organization.state = Organization.State.CLOSED
    organization.version += 1
    organization.save(update_fields=["state", "version"])
    return organization


def reopen_organization(*, organization_id: UUID) -> Organization:
    """Open a closed organization again; it has no plan until one is assigned. In scope.

    Raises OrganizationOpen.
    """
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    if organization.state == Organization.State.ACTIVE:
        raise OrganizationOpen(f"{organization.name} is open already; nothing was changed.")
    organization.state = Organization.State.ACTIVE
    organization.version += 1
    organization.save(update_fields=["state", "version"])
    return organization


def must_be_open(organization: Organization) -> None:
    """Raise OrganizationClosed for one that is closed."""
    if organization.state == Organization.State.CLOSED:
        raise OrganizationClosed(organization)


def calendar_is_fixed(organization: Organization) -> bool:
    """Return whether there is usage, a period or prepaid credit, which fixes zone and currency."""
    return any(
        model._default_manager.filter(organization=organization).exists()
        for model in (UsageBucket, BillingPeriod, WalletEntry)
    )


def _wrong(fields: Mapping[str, Any]) -> list[WrongField]:
    wrong = [*wrong_texts({n: v for n, v in fields.items() if n in ("code", "name")}, {})]
    if "code" in fields:
        wrong += wrong_code(fields["code"])
    if "name" in fields:
        wrong += wrong_name(fields["name"], 200)
    if "currency" in fields:
        wrong += wrong_currency(fields["currency"])
    if "time_zone" in fields:
        wrong += _wrong_zone(fields["time_zone"])
    wrong += _out_of_range(fields, "anchor_day", 1, 31) + _out_of_range(fields, "net_days", 0, 365)
    wrong += _no_choice(fields, "collection", Organization.Collection.values)
    wrong += _no_choice(fields, "below_minimum", Organization.BelowMinimum.values)
    tax_rate = fields.get("tax_rate_id")
    if tax_rate is not None and not TaxRate.objects.filter(pk=tax_rate).exists():
        wrong.append(WrongField("tax_rate", "unknown", "There is no such tax rate."))
    return wrong + _wrong_payer(fields.get("payer") or {})


def _wrong_zone(zone: str) -> list[WrongField]:
    try:
        validate_zone(zone)
    except ValidationError as error:
        return [WrongField("time_zone", "unknown_zone", error.messages[0])]
    return []


def _out_of_range(
    fields: Mapping[str, Any], name: str, lowest: int, highest: int
) -> list[WrongField]:
    if name not in fields or lowest <= fields[name] <= highest:
        return []
    return [WrongField(name, "out_of_range", f"Give a whole number from {lowest} to {highest}.")]


def _no_choice(fields: Mapping[str, Any], name: str, choices: list[str]) -> list[WrongField]:
    if name not in fields or fields[name] in choices:
        return []
    return [WrongField(name, "invalid_choice", f"Give one of: {', '.join(choices)}.")]


def _wrong_payer(payer: Mapping[str, Any]) -> list[WrongField]:
    unknown = [name for name in payer if name not in PAYER]
    texts = {name: value for name, value in payer.items() if name in PAYER}
    wrong = [
        WrongField(f"payer/{name}", "unknown_field", f"Known are: {', '.join(PAYER)}.")
        for name in unknown
    ]
    wrong += [
        WrongField(f"payer/{error.field}", error.code, error.detail)
        for error in wrong_texts(texts, PAYER)
    ]
    email, country = payer.get("email", ""), payer.get("country", "")
    if email and ("@" not in email.strip("@") or " " in email):
        wrong.append(WrongField("payer/email", "malformed", "Give an e-mail address."))
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        words = "Give a country as two capital letters, such as NL."
        wrong.append(WrongField("payer/country", "malformed", words))
    return wrong


def _frozen(organization: Organization, new: Mapping[str, Any]) -> list[WrongField]:
    touched = [name for name in FROZEN if name in new]
    if not touched or not calendar_is_fixed(organization):
        return []
    words = (
        "This cannot be changed any more: there is usage, a period or prepaid credit that was"
        " reckoned with it. Close this organization and make another one."
    )
    return [WrongField(name, "frozen", words) for name in touched]


def _saved(organization: Organization) -> Organization:
    try:
        with transaction.atomic():
            organization.save()
    except IntegrityError as error:
        rule = broken_rule(error)
        if rule == "organization_calendar_is_fixed":  # usage came in at this moment
            words = "There is usage by now; this cannot be changed any more."
            raise FieldsInvalid(WrongField("time_zone", "frozen", words)) from error
        if rule != "organization_code_once":
            raise
        words = "Another organization has this code."
        raise FieldsInvalid(WrongField("code", "taken", words)) from error
    return organization
