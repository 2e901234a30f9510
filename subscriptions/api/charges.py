"""The proxy to the shop."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.parsers import has_control_characters
from core.api.problems import FieldError, Problem, invalid
from core.api.views import ApiView
from subscriptions.api.clubs import known_text
from subscriptions.api.fields import ChargeAnswer
from subscriptions.models import Charge
from subscriptions.models.charge import LONGEST_REQUEST_ID
from subscriptions.operations.charging import (
    ChargeOutcome,
    ChargeUnderWay,
    NotActive,
    RequestIdUsedElsewhere,
    ShopNotConnected,
    charge,
)
from subscriptions.operations.status import SubscriptionUnknown


class SubscriptionCharge(ApiView):
    """Charge a member for this month."""

    opens_scope = False
    required_scopes = {"POST": "clubs:charge"}
    problems = {
        SubscriptionUnknown: (404, "subscription_unknown"),
        NotActive: (409, "subscription_not_active"),
        RequestIdUsedElsewhere: (409, "request_id_used"),
        ShopNotConnected: (409, "shop_not_connected"),
    }

    @extend_schema(request=None, responses=ChargeAnswer)
    def post(self, request: Request, subscription_id: str, request_id: str) -> Response:
        """Have the shop charge and send this month's order; a month is charged once.

        `request_id` names the attempt: repeated, it gives the same answer and never a second
        order. 402: declined, with the shop's reason. 503: no certain answer yet, repeat it later.
        """
        try:
            outcome = charge(
                tenant_id=self.tenant.pk,
                reference=known_text(subscription_id),
                request_id=usable_request_id(request_id),
                by=self.by,
                now=self.now,
            )
        except ChargeUnderWay as error:
            raise Problem(
                409, "charge_under_way", str(error), headers={"Retry-After": "30"}
            ) from error
        return answer(outcome, subscription_id)


def usable_request_id(text: str) -> str:
    """Return a request id that can be stored and sent on; raises a Problem (400)."""
    is_odd = any("\ud800" <= character <= "\udfff" for character in text)
    if is_odd or has_control_characters(text, line_breaks=False):
        raise _bad("Control characters and half characters are not allowed in a request id.")
    if len(text) > LONGEST_REQUEST_ID:
        raise _bad(f"A request id has {LONGEST_REQUEST_ID} characters at most.")
    if text in (".", ".."):  # no path at the shop can end in these
        raise _bad("A request id must be more than dots.")
    return text


def _bad(words: str) -> Problem:
    return invalid(FieldError(words, parameter="request_id"))


def answer(outcome: ChargeOutcome, subscription_id: str) -> Response:
    """Return a made charge; raises the Problem that any other state means."""
    found = outcome.charge
    if found.state != Charge.State.CHARGED:
        raise _problem(outcome)
    marked = {} if outcome.is_first_answer else {"Charge-Replayed": "true"}
    return Response(_body(found, subscription_id, outcome), headers=marked)


def _body(found: Charge, subscription_id: str, outcome: ChargeOutcome) -> dict[str, Any]:
    return {
        "subscription_id": subscription_id,
        "request_id": found.request_id,
        "state": found.state,
        "month": f"{found.month:%Y-%m}",
        "already_charged": not outcome.is_first_answer,
        "charged_at": found.decided_at.isoformat() if found.decided_at else "",
        "order": found.answer,
    }


def _problem(outcome: ChargeOutcome) -> Problem:
    found, states = outcome.charge, Charge.State
    later = {"Retry-After": str(outcome.retry_after)}
    again = f"Repeat it with the same request id ({found.request_id})."
    if found.state == states.DECLINED:
        words = f"The shop declined the payment: {found.reason}"
        way_on = "Nothing was charged. Try again with a new request id once that is mended."
        return Problem(402, "charge_declined", f"{words} {way_on}")
    if found.state == states.REFUSED:
        words = f"The shop refused the order: {found.reason} Nothing was charged."
        return Problem(409, "shop_refused", f"{words} Try again with a new request id after that.")
    if found.state == states.UNSENT:
        words = f"{found.reason} Nothing was charged. {again}"
        return Problem(503, "shop_unavailable", words, headers=later)
    words = f"{found.reason} Whether the customer was charged is not known yet; the shop is asked"
    return Problem(503, "charge_unknown", f"{words} again by itself. {again}", headers=later)
