"""The page a customer comes back to from Stripe: what became of the payment, as far as is known."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from core.jobs import enqueue
from core.ratelimit import limit
from payments.models import Checkout, Payment, PaymentLink
from payments.pages import counter
from payments.queries import Counter, Outcome
from payments.words import why_declined

# The webhook is usually seconds behind the customer. Who leaves the page open asks less often.
REFRESH_SECONDS, SLOW_REFRESH_SECONDS = 3, 30
QUICK_REFRESHES = 20
ASK_STRIPE_EVERY_SECONDS = 10

_BY_CHECKOUT: Final = {
    Checkout.State.PROCESSING.value: "on_its_way",
    Checkout.State.FAILED.value: "failed",
    Checkout.State.EXPIRED.value: "ended",
}


def session_asked_for(request: HttpRequest) -> str:
    """Return the id of the session in the address; empty if it cannot be one of Stripe's."""
    session_id = request.GET.get("session", "")
    return session_id if session_id.isascii() and session_id.isprintable() else ""


def state_of(outcome: Outcome) -> str:
    """Return which page shows an outcome; also the name of its template."""
    payment = outcome.payment
    if payment is None or payment.state != Payment.State.SUCCEEDED:
        return _BY_CHECKOUT.get(outcome.checkout.state, "confirming")
    if payment.decision == Payment.Decision.REFUNDED or payment.refunded == payment.amount:
        return "returned"
    return "unexpected" if payment.needs_decision else "confirmed"


def ask_stripe(checkout: Checkout, now: datetime) -> None:
    """Have Stripe asked about an unconfirmed checkout: its webhook may never come. In scope.

    At most once in each stretch of ASK_STRIPE_EVERY_SECONDS, however often the page is loaded.
    """
    if checkout.state not in {Checkout.State.CREATED, Checkout.State.OPEN}:
        return
    stretch = int(now.timestamp()) // ASK_STRIPE_EVERY_SECONDS
    if limit("pay_ask_stripe", f"{checkout.pk}:{stretch}", "1/m").is_allowed:
        enqueue("payments.check_checkout", checkout_id=checkout.pk)


def show(
    request: HttpRequest, found: Counter, outcome: Outcome, *, who: str, now: datetime
) -> HttpResponse:
    """Answer with the page of an outcome to visitor `who`."""
    state = state_of(outcome)
    context = counter.context_of(request, found) | {
        "link": outcome.link or found.link,
        "payment": outcome.payment,
        "checkout": outcome.checkout,
        "receipt": outcome.receipt,
        "reason": why_declined(outcome.checkout.decline_code),
        "can_retry": counter.state_of(found, now) == "open",
        "redirect_host": urlsplit(found.link.redirect_url).hostname,
        "visitor": who,
        "ended_by": _ended_by(found.link, now),
    }
    with timezone.override(found.link.tenant.zone):
        response = render(request, f"payments/return/{state}.html", context)
    if state == "confirming":
        response["Refresh"] = refresh(request, outcome)
    return response


def _ended_by(link: PaymentLink, now: datetime) -> str:
    status = link.status_at(now)
    return "" if status in PaymentLink.PAYABLE else status.value


def refresh(request: HttpRequest, outcome: Outcome) -> str:
    """Return the header by which the page loads itself again, less often after a while.

    A header, not a script, so that it works in every browser; the page holds a link beside it.
    """
    text = request.GET.get("n", "0")
    loads = int(text) if text.isdecimal() and len(text) < 6 else 0
    pause = REFRESH_SECONDS if loads < QUICK_REFRESHES else SLOW_REFRESH_SECONDS
    query = urlencode({"session": outcome.checkout.stripe_session_id, "n": loads + 1})
    return f"{pause};url=?{query}"
