"""The application fee: ask for it, let it be paid through Stripe, look after what failed."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from core.models import Entry
from core.money import Money
from crm.models import Application, PaymentRequest, TimelineEntry
from crm.operations.fee_requests import (
    KIND,
    checkout_of,
    end_request,
    is_over,
    is_paid,
    pending_request,
    waits_for_decision,
    withdraw_request,
)
from crm.operations.stages import lock_application
from crm.operations.timeline import Actor, record
from payments.models import Checkout
from payments.operations.claims import claim_checkout

TOKEN_BYTES = 24  # 192 random bits
LONGEST_TITLE = 120
ENDED_UNPAID = "The payment page ended before the fee was paid."


class NoFee(Exception):
    """There is no fee to pay: none is set, none was asked for, or the application is over."""


class FeePaidAlready(Exception):
    """The fee was paid; there is nothing left to pay."""


class FeeBeingPaid(Exception):
    """Money is on its way or waits for a decision: a second try could take it twice."""


class NothingToAttend(Exception):
    """The request is open or paid: it is no failure that somebody could look after."""


def ask_for_fee(*, application_id: UUID, by: Actor, now: datetime) -> Application:
    """Give an application's fee a public address, `fee_url`, to send to the applicant.

    In scope. Repeating changes nothing. Raises NoFee, Application.DoesNotExist.
    """
    application = lock_application(application_id)
    fee = application.fee
    if fee is None:
        raise NoFee("This application has no fee: set one first, then ask for it.")
    if application.fee_token:
        return application
    if is_over(application):
        raise NoFee("This application is over: move it back before you ask for its fee.")
    _give_address(application)
    record(
        lead=application.lead,
        application=application,
        kind=TimelineEntry.Kind.FEE_ASKED,
        by=by,
        now=now,
        text=fee.display(),
        facts={"amount_minor": fee.minor, "currency": fee.currency},
    )
    return application


def renew_fee_address(*, application_id: UUID, by: Actor, now: datetime) -> Application:
    """Give the fee a new address; the old one leads nowhere from now on, nor does its open page.

    In scope. Each call makes another address. Raises NoFee when none was asked for yet,
    Application.DoesNotExist.
    """
    application = lock_application(application_id)
    if not application.fee_token:
        raise NoFee("The fee was not asked for yet, so there is no address to replace.")
    withdraw_request(application, reason="The address was replaced by a new one.", now=now)
    Entry.objects.filter(pk=_hash(application.fee_token)).delete()
    _give_address(application)
    record(
        lead=application.lead,
        application=application,
        kind=TimelineEntry.Kind.FEE_ASKED,
        by=by,
        now=now,
        text="At a new address; the old one no longer works.",
    )
    return application


def claim_fee(
    *, application_id: UUID, now: datetime, language: str = ""
) -> tuple[PaymentRequest, Checkout]:
    """Return the request and the checkout by which the fee can be paid: the open ones, or new ones.

    In the scope of the system, since the applicant has no role. The request's row comes first,
    as `pending`, with amount and currency frozen on it; Stripe is asked after this transaction,
    by `open_checkout`. The application's row lock makes clicks take turns. Raises NoFee,
    FeePaidAlready, FeeBeingPaid, NoStripeAccount, Application.DoesNotExist.
    """
    application = lock_application(application_id)
    fee = _payable_fee(application)
    request = _usable_request(application, fee, now) or PaymentRequest.objects.create(
        tenant_id=application.tenant_id,
        application=application,
        amount_minor=fee.minor,
        currency=fee.currency,
    )
    known = checkout_of(request)
    if known is not None:
        return request, known
    checkout = _claim(application, request, fee, now, language)
    request.checkout_id = checkout.pk
    request.save(update_fields=["checkout_id"])
    return request, checkout


def attend_fee_failure(*, request_id: UUID, by: Actor, now: datetime) -> PaymentRequest:
    """Take a failed or expired request off the worklist: somebody has looked after it.

    In scope. Repeating changes nothing. Raises NothingToAttend, PaymentRequest.DoesNotExist.
    """
    rows = PaymentRequest.objects.select_for_update(of=("self",)).select_related("lead")
    request = rows.select_related("lead", "application").get(pk=request_id)
    if request.state not in {PaymentRequest.State.FAILED, PaymentRequest.State.EXPIRED}:
        raise NothingToAttend("This fee is open or paid: there is no failure to look after.")
    if request.attended_at is not None:
        return request
    request.attended_at = now
    request.save(update_fields=["attended_at"])
    record(
        lead=request.lead,
        application=request.application,
        kind=TimelineEntry.Kind.NOTE,
        by=by,
        now=now,
        text="Looked after the application fee that was not paid.",
        facts={"payment_request": str(request.pk)},
    )
    return request


def _give_address(application: Application) -> None:
    application.fee_token = secrets.token_urlsafe(TOKEN_BYTES)
    application.version += 1
    application.save(update_fields=["fee_token", "version"])
    Entry.objects.create(
        secret_hash=_hash(application.fee_token),
        kind=Entry.Kind.APPLICATION_FEE,
        tenant_id=application.tenant_id,
        target_id=application.pk,
    )


def _hash(token: str) -> str:
    return Entry.hash_secret(Entry.Kind.APPLICATION_FEE, token)


def _payable_fee(application: Application) -> Money:
    fee = application.fee
    if fee is None or not application.fee_token:
        raise NoFee("No fee is asked for this application.")
    if is_paid(application):
        raise FeePaidAlready("The fee of this application was paid already.")
    if waits_for_decision(application):
        raise FeeBeingPaid("A payment for this fee came and is being looked at.")
    if is_over(application):
        raise NoFee("This application is over; its fee is no longer taken.")
    return fee


def _usable_request(application: Application, fee: Money, now: datetime) -> PaymentRequest | None:
    """Return the pending request if its page can still be used; end one that cannot."""
    request = pending_request(application)
    if request is None:
        return None
    checkout = checkout_of(request)
    if checkout is not None and checkout.state == Checkout.State.PROCESSING:
        raise FeeBeingPaid("A bank is paying this fee at this moment.")
    if request.amount == fee and (checkout is None or checkout.can_be_used_at(now)):
        return request
    # The event that says so is on its way; the applicant who stands here need not wait for it.
    end_request(request, state=PaymentRequest.State.EXPIRED, reason=ENDED_UNPAID, attended_at=now)
    return None


def _claim(
    application: Application,
    request: PaymentRequest,
    fee: Money,
    now: datetime,
    language: str,
) -> Checkout:
    back = reverse("application_fee_return", args=[application.fee_token])
    title = f"Application fee · {application.programme}".removesuffix(" · ")
    return claim_checkout(
        kind=KIND,
        subject_id=application.pk,
        title=title[:LONGEST_TITLE],
        amount=fee,
        success_url=f"{settings.PUBLIC_URL}{back}?session={{CHECKOUT_SESSION_ID}}",
        cancel_url=application.fee_url,
        metadata={
            "payment_request_id": str(request.pk),
            "application_id": str(application.pk),
        },
        now=now,
        language=language,
    )
