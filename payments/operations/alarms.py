"""Tell the owner that a rule was broken: once for each rule and link, however often."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F

from core.operations.outgoing import announce
from core.tenancy import current
from payments.models import FraudAlarm, FraudRule
from payments.operations.owners import tell_of_alarm

log = structlog.get_logger(__name__)

EVENT = "fraud.alarm"
# Who is attacked is told at once; the count of what follows need not be exact to the second.
COUNT_EVERY = timedelta(seconds=5)


def raise_alarm(*, rule: FraudRule, link_id: UUID | None, reason: str, now: datetime) -> bool:
    """Open the alarm of a rule and a link, or note that it was broken again. In scope.

    Returns whether it is a new one: then programs of the company are told too. Repeating and
    doing it at the same time leave one alarm.
    """
    found = FraudAlarm.objects.filter(rule=rule, link=link_id, ended_at=None).first()
    if found is None:
        return _open(rule, link_id, reason, now)
    if now - found.last_at >= COUNT_EVERY:
        FraudAlarm.objects.filter(pk=found.pk).update(
            times=F("times") + 1, last_at=now, reason=reason[:300]
        )
    return False


def _open(rule: FraudRule, link_id: UUID | None, reason: str, now: datetime) -> bool:
    alarm = FraudAlarm(
        tenant_id=current().tenant_id,
        rule=rule,
        link_id=link_id,
        step=rule.step,
        reason=reason[:300],
        raised_at=now,
        last_at=now,
    )
    try:
        with transaction.atomic():
            alarm.save(force_insert=True)
    except IntegrityError as error:
        if "fraud_alarm_open_once" not in str(error):
            raise
        return False  # somebody else was first
    return _tell(alarm, now)


def _tell(alarm: FraudAlarm, now: datetime) -> bool:
    log.warning("fraud_alarm", link_id=str(alarm.link_id), rule=alarm.rule.name, step=alarm.step)
    payload = {
        "link": str(alarm.link_id) if alarm.link_id else None,
        "rule": alarm.rule.name,
        "step": alarm.step,
        "reason": alarm.reason,
    }
    subject = alarm.link_id or alarm.rule_id
    announce(EVENT, payload, subject=str(subject), now=now)
    tell_of_alarm(alarm, now)
    return True
