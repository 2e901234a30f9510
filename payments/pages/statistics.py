"""Google Analytics on payment pages: only where a company asks for it and a visitor agreed.

Without a measurement id nothing is asked and no outside host is ever named. With one, the page
asks; the answer lies in a cookie of ours that holds `yes` or `no` and nothing else. Only a page
that goes to somebody who said yes names Google's script, and only that page's policy lets it in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.models import Entry, Tenant
from payments.pages import visitor

YES, NO = "yes", "no"
LIFETIME_SECONDS: Final = 180 * 24 * 60 * 60
# Source: Google, Use Tag Manager with a Content Security Policy, Google Analytics 4.
SCRIPT_HOST: Final = "https://www.googletagmanager.com"
_SENT_TO: Final = [
    "https://*.google-analytics.com",
    "https://*.analytics.google.com",
    "https://*.googletagmanager.com",
]
POLICY: Final = {
    "script-src": [SCRIPT_HOST],
    "connect-src": _SENT_TO,
    "img-src": ["https://*.google-analytics.com", "https://*.googletagmanager.com"],
}


@dataclass(frozen=True, slots=True)
class Statistics:
    """A company's measurement id, and what this visitor answered: yes, no or nothing yet."""

    measurement_id: str
    answer: str

    @property
    def is_agreed(self) -> bool:
        """Whether Google may be asked."""
        return self.answer == YES


def statistics_of(request: HttpRequest, tenant: Tenant) -> Statistics | None:
    """Return how a page stands to Google Analytics; None where the company has no use for it.

    None as well for the page that a customer comes back to: its address names a session.
    """
    is_page = request.resolver_match is not None and request.resolver_match.url_name == "pay"
    if not is_page or not tenant.google_measurement_id:
        return None
    answer = request.COOKIES.get(_cookie(tenant), "")
    return Statistics(tenant.google_measurement_id, answer if answer in {YES, NO} else "")


def widen(response: HttpResponse, found: Statistics | None) -> None:
    """Let Google's script into the page of somebody who agreed; others keep the strict policy."""
    if found is not None and found.is_agreed:
        response._csp_update = POLICY  # type: ignore[attr-defined]


def answer_statistics(request: HttpRequest, entry: Entry) -> HttpResponse:
    """Remember what a visitor answered, and go back to the page."""
    page = reverse("pay", args=[request.resolver_match.kwargs["token"]])  # type: ignore[union-attr]
    response = HttpResponseRedirect(page, status=303)
    answer = request.POST.get("answer", "")
    if answer not in {YES, NO} or visitor.comes_from_elsewhere(request):
        return response
    if not entry.tenant.google_measurement_id:
        return response
    response.set_cookie(
        _cookie(entry.tenant),
        answer,
        max_age=LIFETIME_SECONDS,
        path=_path(),
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    if answer == NO:
        _forget(request, response)
    return response


def _forget(request: HttpRequest, response: HttpResponse) -> None:
    """Remove what Google's script kept while it was allowed."""
    for name in request.COOKIES:
        if name == "_ga" or name.startswith("_ga_"):
            response.delete_cookie(name, path=_path())


def _cookie(tenant: Tenant) -> str:
    """Return the name of the answer: what one company was told is no answer to another one."""
    return f"taproom_statistics_{tenant.pk.hex[:12]}"


def _path() -> str:
    return reverse("pay", args=["x"]).removesuffix("x/")
