"""Payment requests: one at a time for an application, ended when its fee is no longer asked for."""

from __future__ import annotations

from datetime import datetime

from crm.models import Application, ApplicationStage, PaymentRequest, Stage
from payments.models import Checkout, Payment
from payments.operations.claims import stop_checkout

KIND = "application_fee"
LONGEST_REASON = 500


def pending_request(application: Application) -> PaymentRequest | None:
    """Return the one request of a (locked) application that can still be paid."""
    rows = PaymentRequest.objects.filter(application=application)
    return rows.filter(state=PaymentRequest.State.PENDING).first()


def checkout_of(request: PaymentRequest) -> Checkout | None:
    """Return the checkout by which a request is paid."""
    if request.checkout_id is None:
        return None
    return Checkout.objects.filter(pk=request.checkout_id).first()


def is_paid(application: Application) -> bool:
    """Return whether the fee was paid, whatever went back later."""
    rows = PaymentRequest.objects.filter(application=application)
    return rows.filter(state=PaymentRequest.State.PAID).exists()


def waits_for_decision(application: Application) -> bool:
    """Return whether money came that was not expected, and nobody decided about it."""
    tries = PaymentRequest.objects.filter(application=application).values("checkout_id")
    came = Payment.objects.filter(checkout__in=tries, state=Payment.State.SUCCEEDED, decision="")
    return came.exclude(standing=Payment.Standing.EXPECTED).exists()


def stage_of(application: Application) -> Stage | None:
    """Return the stage that an application stands on."""
    return ApplicationStage.objects.filter(key=application.stage).first()


def is_over(application: Application) -> bool:
    """Return whether an application was turned down or withdrawn: no fee is taken for it."""
    stage = stage_of(application)
    return stage is not None and stage.outcome == ApplicationStage.Outcome.LOST


def end_request(
    request: PaymentRequest,
    *,
    state: PaymentRequest.State,
    reason: str,
    attended_at: datetime | None = None,
) -> None:
    """End a request without money; without `attended_at` it stands on the worklist."""
    request.state = state
    request.reason = reason[:LONGEST_REASON]
    request.attended_at = attended_at
    request.save(update_fields=["state", "reason", "attended_at"])


def withdraw_request(application: Application, *, reason: str, now: datetime) -> bool:
    """End what a locked application has open at Stripe, since its fee changes or is given up.

    The session is closed after the commit. Should it be paid before that, `standing_of_fee`
    decides. Returns False, and leaves the request alone, while a bank debit is on its way.
    """
    request = pending_request(application)
    if request is None:
        return True
    checkout = checkout_of(request)
    if checkout is not None and checkout.state == Checkout.State.PROCESSING:
        return False
    end_request(request, state=PaymentRequest.State.EXPIRED, reason=reason, attended_at=now)
    if checkout is not None:
        stop_checkout(checkout_id=checkout.pk)
    return True
