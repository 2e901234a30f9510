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
from crm.models import Application, ApplicationStage, TimelineEntry
from crm.operations.fee_requests import is_paid, waits_for_decision, withdraw_request
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

    A payment page that is open for another fee is closed. Raises FieldsInvalid,
    Application.DoesNotExist, FeeAskedAlready when the fee was paid or a bank is paying it.
    """
    application = lock_application(application_id)
    before = {name: getattr(application, name) for name in EDITABLE}
    mistakes = list(_apply(application, changes))
    if mistakes:
        raise FieldsInvalid(*mistakes)
    changed = [name for name in EDITABLE if getattr(application, name) != before[name]]
    if not changed:
        return application
    if {"fee_minor", "currency"} & set(changed):
        _give_up_old_fee(application, now)
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


def _give_up_old_fee(application: Application, now: datetime) -> None:
    """Close the page that asks for the old fee; refuse where its money came or is on its way."""
    if is_paid(application) or waits_for_decision(application):
        raise FeeAskedAlready(
            "The fee was paid already. Nothing was changed: for another fee add an application."
        )
    if not withdraw_request(application, reason="The fee was changed.", now=now):
        raise FeeAskedAlready(
            "A bank is paying the fee at this moment. Nothing was changed: wait until the bank has "
            "answered, which takes some days."
        )


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
