"""Which plan holds for an organization: assigned, ended, switched, also in the middle of a period.

Days of a period that is closed already may change: the period is flagged, and the next run
settles the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from billing.models import Assignment, BillingPeriod, Organization, PlanVersion
from billing.operations.inputs import LAST_DAY, refuse, wrong_day, wrong_days
from billing.operations.organizations import must_be_open
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField
from core.models import User
from core.tenancy import current


class NoPlanThen(Exception):
    """The organization has no plan on that day."""


class PlanHeldAlready(Exception):
    """The organization has this very version on that day."""


def assign_plan(
    *,
    organization_id: UUID,
    version_id: UUID,
    starts_on: date,
    now: datetime,
    by: User | None = None,
    ends_on: date | None = None,
) -> Assignment:
    """Have a published version hold on `[starts_on, ends_on)`, for good without an end. In scope.

    Raises FieldsInvalid: days on which another plan holds, a draft, another currency;
    OrganizationClosed.
    """
    organization = _locked(organization_id)
    version = PlanVersion.objects.select_related("plan").get(pk=version_id)
    refuse([*wrong_days(starts_on, ends_on), *_wrong_version(version, organization)])
    made = _stored(organization, version, starts_on, ends_on, by)
    look_again(organization, starts_on, ends_on, now)
    return made


def end_assignment(*, assignment_id: UUID, ends_on: date, now: datetime) -> Assignment:
    """Have a plan hold up to, but without, a day; a later day than before makes it longer.

    In scope. The same day again changes nothing. Raises FieldsInvalid, OrganizationClosed.
    """
    found = Assignment.objects.get(pk=assignment_id)
    organization = _locked(found.organization_id)
    found.refresh_from_db()
    refuse(list(wrong_days(found.starts_on, ends_on)))
    before = found.ends_on
    if before == ends_on:
        return found
    found.ends_on = ends_on
    with _overlaps_told("ends_on"):
        found.save(update_fields=["ends_on"])
    days = sorted([ends_on, before or LAST_DAY])
    look_again(organization, days[0], days[1], now)
    return found


def switch_plan(
    *, organization_id: UUID, version_id: UUID, from_on: date, now: datetime, by: User | None = None
) -> Assignment:
    """Have another version hold from a day on, in place of the one that holds then. In scope.

    It holds as long as that one would have. Usage and fees are reckoned by day. Raises
    FieldsInvalid, NoPlanThen, PlanHeldAlready, OrganizationClosed.
    """
    organization = _locked(organization_id)
    version = PlanVersion.objects.select_related("plan").get(pk=version_id)
    refuse([*wrong_day(from_on, "from_on"), *_wrong_version(version, organization)])
    held = held_on(organization, from_on)
    if held is None:
        raise NoPlanThen(f"No plan holds on {from_on}; assign one instead.")
    if held.version_id == version.pk:
        raise PlanHeldAlready(f"{version} holds on {from_on} already; nothing was changed.")
    ends_on = held.ends_on
    if held.starts_on == from_on:
        held.delete()
    else:
        held.ends_on = from_on
        held.save(update_fields=["ends_on"])
    made = _stored(organization, version, from_on, ends_on, by)
    look_again(organization, from_on, ends_on, now)
    return made


def withdraw_assignment(*, assignment_id: UUID, now: datetime) -> None:
    """Take an assignment back as if it had never been; what was billed by it is credited.

    In scope. Raises OrganizationClosed, Assignment.DoesNotExist when it is gone already.
    """
    found = Assignment.objects.get(pk=assignment_id)
    organization = _locked(found.organization_id)
    found.refresh_from_db()
    look_again(organization, found.starts_on, found.ends_on, now)
    found.delete()


def held_on(organization: Organization, day: date) -> Assignment | None:
    """Return the assignment that holds on a day, or None."""
    rows = Assignment.objects.filter(organization=organization, starts_on__lte=day)
    return rows.filter(Q(ends_on=None) | Q(ends_on__gt=day)).select_related("version").first()


def look_again(
    organization: Organization, starts_on: date, ends_on: date | None, now: datetime
) -> int:
    """Flag closed periods that hold one of these days for the next run; returns how many."""
    periods = BillingPeriod.objects.filter(organization=organization, ends_on__gt=starts_on)
    touched = periods.filter(starts_on__lt=ends_on or LAST_DAY)
    return touched.exclude(state=BillingPeriod.State.OPEN).update(recheck_at=now)


def _locked(organization_id: UUID) -> Organization:
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    must_be_open(organization)
    return organization


def _wrong_version(version: PlanVersion, organization: Organization) -> list[WrongField]:
    if version.published_at is None:
        words = f"{version} is a draft. Publish it first."
        return [WrongField("version", "not_published", words)]
    if version.plan.currency != organization.currency:
        words = (
            f"{version} is in {version.plan.currency}, {organization.name} is billed in"
            f" {organization.currency}. Choose a plan in that currency."
        )
        return [WrongField("version", "other_currency", words)]
    return []


def _stored(
    organization: Organization,
    version: PlanVersion,
    starts_on: date,
    ends_on: date | None,
    by: User | None,
) -> Assignment:
    with _overlaps_told("starts_on"):
        return Assignment.objects.create(
            tenant_id=current().tenant_id,
            organization=organization,
            version=version,
            starts_on=starts_on,
            ends_on=ends_on,
            made_by=by,
        )


@contextmanager
def _overlaps_told(field: str) -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if broken_rule(error) != "one_plan_at_a_time":
            raise
        words = (
            "Another plan holds on some of these days. End that one first, switch the plan, or"
            " choose other days."
        )
        raise FieldsInvalid(WrongField(field, "overlaps", words)) from error
