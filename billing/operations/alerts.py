"""Alerts and spend limits: set by staff or the organization, told once a threshold and period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from billing.models import Alert, AlertFiring, BillingPeriod, Meter, Notice, Organization
from billing.operations.inputs import refuse, wrong_amount, wrong_exact
from billing.operations.organizations import must_be_open
from billing.queries.calendar import Days, period_at
from billing.queries.statement import statement_of
from billing.queries.totals import used_in
from core.clashes import broken_rule
from core.invalid import FieldsInvalid, WrongField
from core.jobs import enqueue
from core.money import Money
from core.operations.outgoing import announce
from core.tenancy import current, scope

MOST_ALERTS = 20
CHUNK = 100
Kind = Alert.Kind


class AlertEnded(Exception):
    """The alert was ended before."""


def set_alert(
    *,
    organization_id: UUID,
    kind: str,
    now: datetime,
    amount_minor: int | None = None,
    meter_id: UUID | None = None,
    quantity: Decimal | None = None,
    set_by: str = Alert.SetBy.STAFF,
) -> Alert:
    """Have an organization told when it owes an amount, or used a quantity of a meter. In scope.

    The same threshold again returns the alert that is there. It is told from the next look on,
    also when it is passed already. Raises FieldsInvalid, OrganizationClosed.
    """
    organization = _locked(organization_id)
    refuse(_wrong_alert(organization, kind, amount_minor, meter_id, quantity))
    fields = {
        "organization": organization, "kind": kind, "amount_minor": amount_minor,
        "meter_id": meter_id, "quantity": quantity,
    }  # fmt: skip
    held = Alert.objects.filter(organization=organization, ended_at=None)
    there = held.filter(**fields).first()
    if there is not None:
        return there
    if held.count() >= MOST_ALERTS:
        words = f"There are {MOST_ALERTS} alerts; end one first."
        raise FieldsInvalid(WrongField("kind", "too_many", words))
    made = Alert.objects.create(tenant_id=current().tenant_id, set_by=set_by, **fields)
    _look_soon(organization)
    return made


def set_limit(
    *,
    organization_id: UUID,
    amount_minor: int,
    now: datetime,
    set_by: str = Alert.SetBy.STAFF,
) -> Alert:
    """Say from which amount on an organization wants no more usage; another one takes its place.

    Programs are told and ask `is_over_limit`; usage that comes all the same is kept and billed.
    In scope. Raises FieldsInvalid, OrganizationClosed.
    """
    organization = _locked(organization_id)
    refuse(list(wrong_amount(amount_minor, organization.currency, lowest=1)))
    rows = Alert.objects.filter(organization=organization, kind=Kind.LIMIT, ended_at=None)
    limit = rows.first()
    if limit is None:
        limit = Alert(tenant_id=current().tenant_id, organization=organization, kind=Kind.LIMIT)
    elif limit.amount_minor == amount_minor:
        return limit
    else:
        limit.version += 1
    limit.amount_minor, limit.set_by = amount_minor, set_by
    limit.save()
    _look_soon(organization)
    return limit


def end_alert(*, alert_id: UUID, now: datetime) -> Alert:
    """End an alert or a limit; what it told stays. In scope. Raises AlertEnded."""
    alert = Alert.objects.select_for_update(of=("self",)).get(pk=alert_id)
    if alert.ended_at is not None:
        raise AlertEnded("This alert was ended before; nothing was changed.")
    alert.ended_at = now
    alert.version += 1
    alert.save(update_fields=["ended_at", "version"])
    return alert


def end_limit(*, organization_id: UUID, now: datetime) -> None:
    """Take the spend limit away, if there is one. In scope; repeating changes nothing."""
    _locked(organization_id)
    rows = Alert.objects.filter(organization_id=organization_id, kind=Kind.LIMIT, ended_at=None)
    for limit in rows:
        end_alert(alert_id=limit.pk, now=now)


def look_at_alerts(*, organization_ids: Iterable[UUID], now: datetime) -> int:
    """Tell of each threshold that the running period has reached and that was not told yet.

    In scope. Returns how many were told. Repeating is safe, also by two workers at once: a
    threshold is told once a period.
    """
    told = 0
    rows = Organization.objects.filter(pk__in=list(organization_ids), alerts__ended_at=None)
    for organization in rows.filter(alerts__isnull=False).distinct().order_by("pk"):
        told += _look_at(organization, now)
    return told


def send_looks(*, tenant_id: UUID, now: datetime) -> int:
    """Send tasks that look at every organization with an alert; returns how many organizations."""
    with scope(tenant_id):
        rows = Alert.objects.filter(ended_at=None).order_by("organization_id")
        found = list(rows.values_list("organization_id", flat=True).distinct())
        for start in range(0, len(found), CHUNK):
            chunk = [str(pk) for pk in found[start : start + CHUNK]]
            enqueue("billing.look_at_alerts", organization_ids=chunk)
    return len(found)


@dataclass(frozen=True, slots=True)
class _Reached:
    alert: Alert
    organization: Organization
    days: Days
    value: Decimal
    threshold: Decimal


def _look_at(organization: Organization, now: datetime) -> int:
    days = period_at(now, organization, organization.zone)
    waiting = _untold(organization, days)
    if not waiting:
        return 0
    is_owed_asked = any(alert.kind != Kind.USAGE for alert in waiting)
    owed = statement_of(organization, now=now).net_minor if is_owed_asked else 0
    told = 0
    for alert in waiting:
        value = _value(alert, days, owed)
        threshold = _threshold(alert)
        if value >= threshold:
            told += _tell(_Reached(alert, organization, days, value, threshold), now)
    return told


def _untold(organization: Organization, days: Days) -> list[Alert]:
    alerts = Alert.objects.filter(organization=organization, ended_at=None)
    fired = set(
        AlertFiring.objects.filter(
            alert__organization=organization, period_starts_on=days.starts_on
        ).values_list("alert_id", "threshold")
    )
    rows = alerts.select_related("meter").order_by("created_at", "pk")
    return [alert for alert in rows if (alert.pk, _threshold(alert)) not in fired]


def _threshold(alert: Alert) -> Decimal:
    found = alert.quantity if alert.kind == Kind.USAGE else alert.amount_minor
    return Decimal(found or 0)


def _value(alert: Alert, days: Days, owed: int) -> Decimal:
    if alert.meter is None:
        return Decimal(owed)
    return used_in(alert.organization_id, alert.meter, days)


def _tell(reached: _Reached, now: datetime) -> int:
    """Store the firing and, if nobody was quicker, tell the organization and its programs."""
    alert, organization = reached.alert, reached.organization
    periods = BillingPeriod.objects.filter(
        organization=organization, starts_on=reached.days.starts_on
    )
    try:
        with transaction.atomic():
            AlertFiring.objects.create(
                tenant_id=organization.tenant_id,
                alert=alert,
                period=periods.first(),
                period_starts_on=reached.days.starts_on,
                value=reached.value,
                threshold=reached.threshold,
            )
    except IntegrityError as error:
        if broken_rule(error) != "alert_fires_once":
            raise
        return 0
    title, text = _words(reached)
    Notice.objects.get_or_create(
        organization=organization,
        once=f"alert:{alert.pk}:{reached.days.starts_on}:{reached.threshold.normalize():f}",
        defaults={
            "tenant_id": organization.tenant_id, "kind": f"alert_{alert.kind}",
            "title": title, "text": text,
        },
    )  # fmt: skip
    is_limit = alert.kind == Kind.LIMIT
    announce(
        "organization.limit_reached" if is_limit else "organization.alert_reached",
        _payload(reached),
        subject=str(organization.pk),
        now=now,
    )
    return 1


def _payload(reached: _Reached) -> dict[str, object]:
    alert, organization = reached.alert, reached.organization
    is_usage = alert.kind == Kind.USAGE
    return {
        "organization": str(organization.pk),
        "code": organization.code,
        "alert": str(alert.pk),
        "kind": alert.kind,
        "meter": alert.meter.code if alert.meter else None,
        "currency": None if is_usage else organization.currency,
        "threshold": f"{reached.threshold.normalize():f}" if is_usage else int(reached.threshold),
        "value": f"{reached.value.normalize():f}" if is_usage else int(reached.value),
        "period_starts_on": reached.days.starts_on.isoformat(),
        "period_ends_on": reached.days.ends_on.isoformat(),
    }


def _words(reached: _Reached) -> tuple[str, str]:
    alert, since = reached.alert, f"since {reached.days.starts_on}"
    if alert.meter is not None:
        value, threshold = (f"{n.normalize():f}" for n in (reached.value, reached.threshold))
        unit = f" {alert.meter.unit}" if alert.meter.unit else ""
        return (
            f"{alert.meter.name}: {threshold}{unit} reached",
            f"You used {value}{unit} {since}. You asked to be told at {threshold}{unit}.",
        )
    currency = reached.organization.currency
    owed, amount = (
        Money(int(number), currency).display() for number in (reached.value, reached.threshold)
    )
    if alert.kind == Kind.LIMIT:
        return (
            f"Spend limit of {amount} reached",
            (
                f"You owe {owed} {since}, before tax. Usage that still comes is billed: stop what"
                " you do not need, or raise the limit."
            ),
        )
    return f"{amount} reached", f"You owe {owed} {since}, before tax. You asked to be told."


def _locked(organization_id: UUID) -> Organization:
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    must_be_open(organization)
    return organization


def _look_soon(organization: Organization) -> None:
    enqueue("billing.look_at_alerts", organization_ids=[str(organization.pk)])


def _wrong_alert(
    organization: Organization,
    kind: str,
    amount_minor: int | None,
    meter_id: UUID | None,
    quantity: Decimal | None,
) -> list[WrongField]:
    if kind not in (Kind.AMOUNT, Kind.USAGE):
        words = "Give amount or usage; the spend limit is set apart."
        return [WrongField("kind", "invalid_choice", words)]
    given = {"amount_minor": amount_minor, "meter": meter_id, "quantity": quantity}
    wanted = {"amount_minor"} if kind == Kind.AMOUNT else {"meter", "quantity"}
    wrong = [
        WrongField(name, "required", f"An alert of this kind needs `{name}`.")
        for name in given
        if name in wanted and given[name] is None
    ]
    wrong += [
        WrongField(name, "not_allowed", f"An alert of this kind has no `{name}`.")
        for name in given
        if name not in wanted and given[name] is not None
    ]
    if amount_minor is not None:
        wrong += wrong_amount(amount_minor, organization.currency, lowest=1)
    wrong += wrong_exact(quantity, "quantity")
    if quantity == 0:
        wrong.append(WrongField("quantity", "is_zero", "Give a quantity above zero."))
    if meter_id is not None and not Meter.objects.filter(pk=meter_id).exists():
        wrong.append(WrongField("meter", "unknown", "There is no such meter."))
    return wrong
