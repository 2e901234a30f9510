"""The way from a public page to Stripe's: what may keep somebody from it, and the redirect."""

from __future__ import annotations

from typing import Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect

from core.models import Entry
from payments.gateway import StripeUnavailable
from payments.models import Checkout
from payments.operations.checkouts import CheckoutOver
from payments.pages import visitor
from payments.pages.counter import Notice
from payments.pages.limits import seconds_to_wait

log = structlog.get_logger(__name__)

# What a page says above its button when Stripe's page did not open.
NOT_OPENED: Final[dict[type[Exception], Notice]] = {
    CheckoutOver: Notice(name="over", status=409),
    StripeUnavailable: Notice(name="unavailable", status=503, retry_after=5),
}


def why_not(request: HttpRequest, entry: Entry) -> Notice | None:
    """Return what keeps this request from being tried at all."""
    if visitor.comes_from_elsewhere(request):
        return Notice(name="elsewhere", status=403)
    wait = seconds_to_wait(request, entry)
    return None if wait is None else Notice(name="too_many", status=429, retry_after=wait)


def to_stripe(checkout: Checkout) -> HttpResponseRedirect:
    """Lead the customer to Stripe's page of an open checkout."""
    if not checkout.session_url.startswith(tuple(f"{o}/" for o in settings.CHECKOUT_ORIGINS)):
        # The browser would block the way without a word to anybody.
        log.error("checkout_origin_not_allowed", checkout_id=str(checkout.pk))
    return HttpResponseRedirect(checkout.session_url, status=303)
