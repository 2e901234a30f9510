"""Add and edit applications."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from core.currencies import CurrencyRefused
from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import Tenant
from core.money import AmountInvalid, Money, NotChargeable, check_chargeable
from crm.models import Application, ApplicationStage, PaymentRequest, TimelineEntry
from crm.operations.stages import lock_application, lock_lead
from crm.operations.timeline import Actor, record

EDITABLE = ("programme", "fee_minor", "currency")


class FeeAskedAlready(Exception):
    """The fee is being paid or was paid: what the applicant saw stays as it is."""


def add_application(
    *,
    lead_id: UUID,
    by: Actor,
    now: datetime,
    stage: str = ApplicationStage.FIRST,
    **fields: Any,
) -> Application:
    """Add an application to a lead; `fields` are those of EDITABLE.

    A fee without a currency is in the company's own. Raises FieldsInvalid, LeadMerged,
    Lead.DoesNotExist.
    """
    lead = lock_lead(lead_id)
    application = Application(tenant_id=lead.tenant_id, lead=lead, stage=stage, stage_since=now)
    mistakes = [*_apply(application, fields), *_wrong_stage(stage)]
    if mistakes:
        raise FieldsInvalid(*mistakes)
    application.save(force_insert=True)
    record(
        lead=lead,
        application=application,
        kind=TimelineEntry.Kind.APPLICATION_ADDED,
        by=by,
        now=now,
        text=application.programme,
    )
    return application


def edit_application(
    *, application_id: UUID, changes: dict[str, Any], by: Actor, now: datetime
) -> Application:
    """Change an application: `changes` are fields of EDITABLE.

    Raises FieldsInvalid, Application.DoesNotExist, FeeAskedAlready when the fee would change
    while it is being paid or after it was.
    """
    application = lock_application(application_id)
    before = {name: getattr(application, name) for name in EDITABLE}
    mistakes = list(_apply(application, changes))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    changed = [name for name in EDITABLE if getattr(application, name) != before[name]]
    if not changed:
        return application
    if {"fee_minor", "currency"} & set(changed) and _is_fee_under_way(application):
        raise FeeAskedAlready(
            "The fee is being paid or was paid already. Nothing was changed: add another "
            "application, or wait until the payment page has ended."
        )
    application.version += 1
    application.save(update_fields=[*changed, "version"])
    record(
        lead=application.lead,
        application=application,
        kind=TimelineEntry.Kind.APPLICATION_EDITED,
        by=by,
        now=now,
        text=", ".join({"fee_minor": "fee"}.get(name, name) for name in changed),
        facts={"before": {name: before[name] for name in changed}},
    )
    return application


def _is_fee_under_way(application: Application) -> bool:
    states = [PaymentRequest.State.PENDING, PaymentRequest.State.PAID]
    return PaymentRequest.objects.filter(application=application, state__in=states).exists()


def _apply(application: Application, fields: dict[str, Any]) -> Iterator[WrongField]:
    for name, value in fields.items():
        if name not in EDITABLE:
            raise TypeError(f"an application has no editable field {name!r}")
        setattr(application, name, value.strip() if isinstance(value, str) else value)
    if application.fee_minor is None:
        application.currency = ""
    elif not application.currency:
        tenant = Tenant.objects.only("default_currency").get(pk=application.tenant_id)
        application.currency = tenant.default_currency
    yield from wrong_texts({"programme": application.programme}, {"programme": 120})
    yield from _wrong_fee(application)


def _wrong_fee(application: Application) -> Iterator[WrongField]:
    if application.fee_minor is None:
        return
    try:
        check_chargeable(Money(application.fee_minor, application.currency))
    except CurrencyRefused as error:
        yield WrongField("currency", "currency_unusable", str(error))
    except (AmountInvalid, NotChargeable) as error:
        yield WrongField("fee_minor", "amount_unusable", str(error))


def _wrong_stage(stage: str) -> Iterator[WrongField]:
    keys = list(ApplicationStage.objects.values_list("key", flat=True))
    if stage not in keys:
        detail = f"There is no such stage. Known: {', '.join(keys)}."
        yield WrongField("stage", "unknown_stage", detail)
