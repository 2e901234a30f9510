"""Early fraud warnings: an issuer says that a card was stolen, before the dispute comes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from core.models import User
from core.tenancy import scope
from payments.gateway.charges import Charges, WarningFacts
from payments.models import EarlyWarning, Payment, StripeAccount
from payments.operations.owners import tell_of_warning
from payments.operations.refunds import request_refund
from payments.operations.settle import refresh_checkout

log = structlog.get_logger(__name__)

Decision = EarlyWarning.Decision


class WarningDecided(Exception):
    """Somebody has decided about this warning already."""


def refresh_warning(*, tenant_id: UUID, warning_id: str, now: datetime) -> EarlyWarning | None:
    """Ask Stripe about a warning and keep it with its payment. Repeating is safe.

    A payment that is not known yet is brought in first, since events come in any order. Returns
    None when it is not one of ours. Raises StripeUnavailable, StripeRefused.
    """
    with scope(tenant_id):
        account = StripeAccount.objects.get()
    facts = Charges(account).read_warning(warning_id)
    found = _keep(tenant_id, facts, now)
    if found is None and facts.payment_intent_id:
        refresh_checkout(tenant_id=tenant_id, payment_intent_id=facts.payment_intent_id, now=now)
        found = _keep(tenant_id, facts, now)
    return found


def _keep(tenant_id: UUID, facts: WarningFacts, now: datetime) -> EarlyWarning | None:
    with scope(tenant_id):
        rows = Payment.objects.select_for_update(of=("self",))
        payment = rows.filter(stripe_charge_id=facts.charge_id).first()
        if payment is None or not facts.charge_id:
            return None
        found, is_new = EarlyWarning.objects.update_or_create(
            tenant_id=tenant_id,
            stripe_warning_id=facts.warning_id,
            defaults={
                "payment": payment,
                "stripe_charge_id": facts.charge_id,
                "fraud_type": facts.fraud_type[:60],
                "is_actionable": facts.is_actionable,
                "warned_at": facts.warned_at or now,
            },
        )
        if is_new:
            log.warning("early_fraud_warning", payment_id=str(payment.pk), type=facts.fraud_type)
            tell_of_warning(found, now)
        return found


def refund_warned(*, warning_id: UUID, by: User | None, now: datetime) -> EarlyWarning:
    """Send all that is left of a warned payment back, before it is disputed. In scope.

    Raises WarningDecided, RefundTooLarge and NotRefundable when nothing can be sent back.
    """
    with transaction.atomic():
        warning = _decide(warning_id, Decision.REFUNDED, by, now)
        request_refund(
            payment_id=warning.payment_id,
            amount_minor=None,
            reason="Early fraud warning",
            by=by,
            now=now,
        )
    return warning


def keep_warned(*, warning_id: UUID, by: User | None, now: datetime) -> EarlyWarning:
    """Keep a warned payment's money, and risk the dispute. In scope. Raises WarningDecided."""
    return _decide(warning_id, Decision.KEPT, by, now)


def _decide(
    warning_id: UUID, decision: EarlyWarning.Decision, by: User | None, now: datetime
) -> EarlyWarning:
    warning = EarlyWarning.objects.select_for_update(of=("self",)).get(pk=warning_id)
    if warning.decision:
        raise WarningDecided("Somebody has decided about this warning already.")
    warning.decision, warning.decided_at, warning.decided_by = decision, now, by
    warning.save(update_fields=["decision", "decided_at", "decided_by"])
    return warning
