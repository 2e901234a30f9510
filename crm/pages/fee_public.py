"""The page at which an applicant pays the application fee, and the one they come back to.

There is no login: whoever has the address may look and pay. Looking never writes, and nothing
here marks anything as paid. Rows of the CRM are hidden from the role of the public, so that each
scope here is the system's, around one query or one operation.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.languages import language_for_stripe
from core.models import Entry
from core.tenancy import scope
from crm.operations.fees import FeeBeingPaid, FeePaidAlready, NoFee, claim_fee
from crm.queries.fees import FeePage, fee_outcome, fee_page
from payments.models import Checkout
from payments.operations.checkouts import CheckoutRefused, NoStripeAccount, open_checkout
from payments.operations.passage import remember_passage
from payments.pages import counter, outcome
from payments.pages.counter import Notice
from payments.pages.departure import NOT_OPENED, Passage, examine, to_stripe
from payments.pages.privacy import public_page
from payments.queries import Outcome
from payments.templatetags.money import visitor_locale
from payments.words import why_declined

View = Callable[[HttpRequest, Entry], HttpResponse]

# Where the page's own state says it all, there is no notice.
_SAID: Final[dict[type[Exception], Notice | None]] = {
    NoFee: None,
    FeePaidAlready: None,
    FeeBeingPaid: None,
    NoStripeAccount: None,
    **NOT_OPENED,
}

_STATUS_CODES: Final = {"no_fee": 410, "refused": 409, "closed": 503}

# Which page shows what became of a try; after a failed one the page to pay, if it still can be.
_BY_OUTCOME: Final = {
    "confirming": "confirming",
    "confirmed": "paid",
    "on_its_way": "being_paid",
    "returned": "refunded",
    "unexpected": "received",
}


def with_application(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Find what a token leads to; an unknown token gets the page that says so."""

    @wraps(view)
    def page(request: HttpRequest, token: str) -> HttpResponse:
        entry = Entry.find(Entry.Kind.APPLICATION_FEE, token)
        if entry is None or not entry.tenant.is_active:
            return counter.show(request, None, now=timezone.now())
        return view(request, entry)

    return page


@csrf_exempt  # see payments.pages.visitor.comes_from_elsewhere
@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@with_application
def application_fee(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Show the application fee; a POST leads to Stripe's page."""
    return _start(request, entry) if request.method == "POST" else _show(request, entry)


@require_safe
@public_page
@with_application
def application_fee_return(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Say what became of the payment that the applicant comes back from."""
    became = _outcome(entry, outcome.session_asked_for(request), timezone.now())
    if became is None:
        return _show(request, entry)
    name = outcome.state_of(became)
    state = _BY_OUTCOME.get(name, "")
    notice = None if state else Notice(name=name, status=200)
    response = _show(request, entry, notice, state, why_declined(became.checkout.decline_code))
    if state == "confirming":
        response["Refresh"] = outcome.refresh(request, became)
    return response


def _outcome(entry: Entry, session_id: str, now: datetime) -> Outcome | None:
    with scope(entry.tenant_id):
        became = fee_outcome(entry.target_id, session_id=session_id)
        if became is not None:
            outcome.ask_stripe(became.checkout, now)
    return became


def _start(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Lead the applicant to Stripe's page, or say in words what keeps them from it."""
    passage = examine(request, entry)
    if passage.notice is not None:
        return _show(request, entry, passage.notice)
    try:
        return to_stripe(_open(entry, passage, language_for_stripe(request)))
    except CheckoutRefused:
        return _show(request, entry, state="refused")
    except tuple(_SAID) as error:
        return _show(request, entry, _SAID[type(error)])


def _open(entry: Entry, passage: Passage, language: str) -> Checkout:
    """Claim request and checkout, then ask Stripe for its page, outside of a transaction."""
    now = timezone.now()
    with scope(entry.tenant_id):
        _, checkout = claim_fee(application_id=entry.target_id, now=now, language=language)
        if passage.verdict is not None:
            remember_passage(passage.verdict, checkout)
    return open_checkout(tenant_id=entry.tenant_id, checkout_id=checkout.pk, now=now)


def _show(
    request: HttpRequest,
    entry: Entry,
    notice: Notice | None = None,
    state: str = "",
    reason: str = "",
) -> HttpResponse:
    with scope(entry.tenant_id):
        found = fee_page(entry.target_id, tenant=entry.tenant)
    if found is None:
        return counter.show(request, None, now=timezone.now())
    state = state or found.state
    is_payable = state == "to_pay"
    with timezone.override(entry.tenant.zone):
        response = render(
            request,
            f"crm/fee/public/{state}.html",
            _context(request, found, notice, reason or found.declined),
            status=notice.status if notice and is_payable else _STATUS_CODES.get(state, 200),
        )
    if response.status_code in {429, 503}:
        wait = notice.retry_after if notice else None
        response["Retry-After"] = str(wait or counter.COME_BACK_SECONDS)
    return response


def _context(
    request: HttpRequest, found: FeePage, notice: Notice | None, declined: str
) -> dict[str, object]:
    return {
        "fee": found,
        "tenant": found.tenant,
        "locale": visitor_locale(request),
        "notice": notice.name if notice else "",
        "retry_after": notice.retry_after if notice else None,
        "puzzle": notice.puzzle if notice else None,
        "declined": declined,
        "is_test": not settings.STRIPE_LIVE_MODE,
    }
