"""The public page of a link in each of its states: own words, own status code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from core.currencies import get_currency
from payments.models import PaymentLink
from payments.pages import visitor
from payments.pages.choices import NOTHING_TYPED, Form, Typed, form_of
from payments.pages.statistics import statistics_of, widen
from payments.puzzles import Puzzle
from payments.queries import Counter
from payments.templatetags.money import visitor_locale
from payments.words import why_declined

# When nothing says how long to wait.
COME_BACK_SECONDS: Final = 300

_STATUS_CODES: Final = {
    "not_yet_open": 200,
    "paid": 200,
    "on_its_way": 200,
    "open": 200,
    "unknown": 404,
    "refused": 409,
    "expired": 410,
    "limit_reached": 410,
    "deactivated": 410,
    "busy": 503,
    "closed": 503,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What went wrong with a try to pay, shown above the button, with the answer's status.

    `name` picks the words in the template; `retry_after` is in seconds. A `puzzle` is for the
    visitor's browser to solve.
    """

    name: str
    status: int
    retry_after: int | None = None
    puzzle: Puzzle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came of a try to pay: a notice, what had been typed, a state that overrules the rest."""

    notice: Notice | None = None
    state: str = ""
    typed: Typed = NOTHING_TYPED


NOTHING_SAID: Final = Said()


def state_of(found: Counter, now: datetime) -> str:
    """Return which page a link shows now; also the name of its template."""
    status = found.link.status_at(now)
    if status not in PaymentLink.PAYABLE:
        return status.value
    if not found.has_account:
        return "closed"
    if found.is_on_its_way:
        return "on_its_way"
    return "busy" if found.is_full else "open"


def show(
    request: HttpRequest,
    found: Counter | None,
    *,
    now: datetime,
    who: str = "",
    said: Said = NOTHING_SAID,
) -> HttpResponse:
    """Answer with the page of a link's state to visitor `who`."""
    if found is None:
        told: dict[str, object] = {"query_string": request.META.get("QUERY_STRING", "")}
        return _page("payments/pay/unknown.html", told, _STATUS_CODES["unknown"])
    notice = said.notice
    state = said.state or state_of(found, now)
    asked = statistics_of(request, found.link.tenant)
    own = {"visitor": who, "form": _form(found, said.typed), "statistics": asked}
    with timezone.override(found.link.tenant.zone):
        response = _page(
            f"payments/pay/{state}.html",
            context_of(request, found, notice) | own,
            notice.status if notice and state == "open" else _STATUS_CODES[state],
        )
    if state == "open" and visitor.COOKIE not in request.COOKIES:
        visitor.remember(response, who, path=reverse("pay", args=[found.link.token]))
    _say_when_to_return(response, found, notice, now)
    widen(response, asked)
    return response


def _form(found: Counter, typed: Typed) -> Form:
    return form_of(found.link, typed, unclaimed_minor=found.unclaimed_minor)


def _page(template: str, context: dict[str, object], status: int) -> HttpResponse:
    """Render without the request: nobody is logged in here, and no session is looked at."""
    return HttpResponse(render_to_string(template, context), status=status)


def context_of(
    request: HttpRequest, found: Counter, notice: Notice | None = None
) -> dict[str, object]:
    """Return what the templates of public pages show of a link."""
    last = found.last_try
    return {
        "link": found.link,
        "tenant": found.link.tenant,
        "locale": visitor_locale(request),
        "decimals": get_currency(found.link.currency).exponent,
        "query_string": request.META.get("QUERY_STRING", ""),
        "free_at": found.free_at,
        "notice": notice.name if notice else "",
        "retry_after": notice.retry_after if notice else None,
        "puzzle": notice.puzzle if notice else None,
        "declined": why_declined(last.decline_code) if last and last.decline_code else "",
        "is_test": not settings.STRIPE_LIVE_MODE,
    }


def _say_when_to_return(
    response: HttpResponse, found: Counter, notice: Notice | None, now: datetime
) -> None:
    if response.status_code not in {429, 503}:
        return
    seconds = notice.retry_after if notice else None
    if seconds is None and found.free_at is not None:
        seconds = max(1, int((found.free_at - now).total_seconds()))
    response["Retry-After"] = str(seconds or COME_BACK_SECONDS)
