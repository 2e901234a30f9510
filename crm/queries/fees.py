"""How application fees stand: for staff, for the applicant, for the worklist. All run in scope."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.enums import TextChoices

from core.models import Tenant
from core.money import Money
from crm.models import Application, ApplicationStage, PaymentRequest
from payments.models import Checkout, Payment, StripeAccount
from payments.queries import Outcome
from payments.words import why_declined


class FeeState(TextChoices):
    """Where the fee of an application stands."""

    NONE = "none", "No application fee"
    OVER = "over", "No longer asked for"
    NOT_ASKED = "not_asked", "Not asked for yet"
    ASKED = "asked", "Asked for, not paid yet"
    OPEN = "open", "On the payment page"
    PROCESSING = "processing", "Paid by bank, which has not confirmed it yet"
    PAID = "paid", "Paid"
    REFUNDED = "refunded", "Paid and sent back"
    UNDECIDED = "undecided", "Money came that was not expected"
    FAILED = "failed", "The payment failed"
    EXPIRED = "expired", "The payment page ended unpaid"


# What the applicant is shown; in all other states there is something to pay.
_PUBLIC: Final = {
    FeeState.NONE: "no_fee",
    FeeState.OVER: "no_fee",
    FeeState.NOT_ASKED: "no_fee",
    FeeState.PROCESSING: "being_paid",
    FeeState.PAID: "paid",
    FeeState.REFUNDED: "refunded",
    FeeState.UNDECIDED: "received",
}


_TONES: Final = {
    FeeState.PROCESSING: "wait",
    FeeState.PAID: "good",
    FeeState.REFUNDED: "wait",
    FeeState.UNDECIDED: "wait",
    FeeState.ASKED: "note",
    FeeState.OPEN: "note",
    FeeState.FAILED: "bad",
    FeeState.EXPIRED: "bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeStanding:
    """How the fee of one application stands, with the try that decides it."""

    application: Application
    state: FeeState
    request: PaymentRequest | None = None
    checkout: Checkout | None = None
    payment: Payment | None = None

    @property
    def words(self) -> str:
        """The state in words for staff."""
        if self.state == FeeState.PAID and self.payment and self.payment.refunded_minor:
            return f"Paid, {self.payment.refunded.display()} sent back"
        return str(self.state.label)

    @property
    def amount(self) -> Money | None:
        """What was paid, or what is asked for."""
        is_in = self.state in {FeeState.PAID, FeeState.REFUNDED, FeeState.UNDECIDED}
        return self.payment.amount if is_in and self.payment else self.application.fee

    @property
    def reason(self) -> str:
        """Why it is not paid, in words for staff; empty where nothing went wrong."""
        return self.request.reason if self.request else ""

    @property
    def needs_attention(self) -> bool:
        """Whether this failure stands on the worklist."""
        is_bad = self.state in {FeeState.FAILED, FeeState.EXPIRED}
        return is_bad and self.request is not None and self.request.attended_at is None

    @property
    def tone(self) -> str:
        """The class of the badge that shows the state."""
        return _TONES.get(self.state, "")

    @property
    def can_be_asked(self) -> bool:
        """Whether the fee may be asked for now."""
        return self.state == FeeState.NOT_ASKED

    @property
    def can_be_paid(self) -> bool:
        """Whether the applicant finds a button at the address."""
        return self.state not in _PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePage:
    """What the applicant is shown: plain values, since no row of the CRM is theirs to see."""

    tenant: Tenant
    first_name: str
    programme: str
    token: str
    state: str
    amount: Money | None = None
    paid_at: datetime | None = None
    refunded: Money | None = None
    declined: str = ""


def fee_standings(applications: Sequence[Application]) -> list[FeeStanding]:
    """Return how the fees of these applications stand, in their order; four queries for any."""
    lost = set(
        ApplicationStage.objects.filter(outcome=ApplicationStage.Outcome.LOST).values_list(
            "key", flat=True
        )
    )
    requests: dict[UUID, list[PaymentRequest]] = {one.pk: [] for one in applications}
    for request in PaymentRequest.objects.filter(application__in=list(requests)):
        requests[request.application_id].append(request)
    tries = [request.checkout_id for known in requests.values() for request in known]
    checkouts = Checkout.objects.in_bulk([pk for pk in tries if pk])
    payments = {one.checkout_id: one for one in Payment.objects.filter(checkout__in=checkouts)}
    return [
        _standing(one, requests[one.pk], checkouts, payments, is_over=one.stage in lost)
        for one in applications
    ]


def fee_page(application_id: UUID, *, tenant: Tenant) -> FeePage | None:
    """Return what the public page of a fee shows; None if the application is gone."""
    application = Application.objects.select_related("lead").filter(pk=application_id).first()
    if application is None:
        return None
    [standing] = fee_standings([application])
    payment, checkout = standing.payment, standing.checkout
    return FeePage(
        tenant=tenant,
        first_name=next(iter(application.lead.name.split()), ""),
        programme=application.programme,
        token=application.fee_token,
        state=_public_state(standing),
        amount=standing.amount,
        paid_at=payment.paid_at if payment else None,
        refunded=payment.refunded if payment and payment.refunded_minor else None,
        declined=why_declined(checkout.decline_code) if checkout and checkout.decline_code else "",
    )


def fee_outcome(application_id: UUID, *, session_id: str) -> Outcome | None:
    """Return what became of a session for this fee; None when it is of another one or unknown."""
    if not session_id:
        return None
    tries = PaymentRequest.objects.filter(application=application_id).values("checkout_id")
    checkout = Checkout.objects.filter(pk__in=tries, stripe_session_id=session_id).first()
    if checkout is None:
        return None
    return Outcome(checkout=checkout, payment=Payment.objects.filter(checkout=checkout).first())


def unattended_fees() -> QuerySet[PaymentRequest]:
    """Return failed and expired requests that nobody has looked after, the newest first."""
    rows = PaymentRequest.objects.filter(state__in=["failed", "expired"], attended_at=None)
    return rows.select_related("application", "lead").order_by("-updated_at", "-id")


def _public_state(standing: FeeStanding) -> str:
    state = _PUBLIC.get(standing.state)
    if state is None:
        return "to_pay" if StripeAccount.objects.exists() else "closed"
    return state


def _standing(
    application: Application,
    requests: Iterable[PaymentRequest],
    checkouts: dict[UUID, Checkout],
    payments: dict[UUID, Payment],
    *,
    is_over: bool,
) -> FeeStanding:
    """Pick the try that decides: one that was paid, else unexpected money, else the newest."""
    newest_first = sorted(requests, key=lambda one: (one.created_at, one.pk), reverse=True)
    found = [
        FeeStanding(
            application=application,
            state=_state_of(one, checkouts.get(one.checkout_id), payments.get(one.checkout_id)),
            request=one,
            checkout=checkouts.get(one.checkout_id),
            payment=payments.get(one.checkout_id),
        )
        for one in newest_first
        if one.checkout_id is not None
    ]
    for state in (FeeState.PAID, FeeState.REFUNDED, FeeState.UNDECIDED, FeeState.PROCESSING):
        for standing in found:
            if standing.state == state:
                return standing
    if application.fee is None:
        return FeeStanding(application=application, state=FeeState.NONE)
    if is_over:
        return FeeStanding(application=application, state=FeeState.OVER)
    if not application.fee_token:
        return FeeStanding(application=application, state=FeeState.NOT_ASKED)
    # What was given up by us is no failure of the applicant's.
    tried = [one for one in found if one.request and _counts(one.request)]
    return tried[0] if tried else FeeStanding(application=application, state=FeeState.ASKED)


def _counts(request: PaymentRequest) -> bool:
    return request.state == PaymentRequest.State.PENDING or request.attended_at is None


def _state_of(
    request: PaymentRequest, checkout: Checkout | None, payment: Payment | None
) -> FeeState:
    if payment is not None and payment.needs_decision:
        return FeeState.UNDECIDED
    if request.state == PaymentRequest.State.PAID:
        is_back = payment is not None and payment.refunded == payment.amount
        return FeeState.REFUNDED if is_back else FeeState.PAID
    if request.state == PaymentRequest.State.PENDING:
        is_debit = checkout is not None and checkout.state == Checkout.State.PROCESSING
        return FeeState.PROCESSING if is_debit else FeeState.OPEN
    is_failed = request.state == PaymentRequest.State.FAILED
    return FeeState.FAILED if is_failed else FeeState.EXPIRED
