"""The language of public pages: what the visitor chose, else what the browser asks for.

Pages of staff, the admin and the API stay English, whatever the browser says. A choice is made by
a link (`?lang=nl`) and kept in a cookie that holds the language and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

ENGLISH: Final = "en"
COOKIE: Final = "taproom_language"
PARAMETER: Final = "lang"
LIFETIME_SECONDS: Final = 365 * 24 * 60 * 60
# Nobody but staff and programs reads these, an address that leads nowhere included.
_NOT_PUBLIC: Final = re.compile(r"/(api|admin|accounts)(/|$)")

Page = TypeVar("Page", bound=Callable[..., Any])


def in_visitors_language(page: Page) -> Page:
    """Mark a view whose page is for the public; what wraps it afterwards keeps the mark."""
    page.is_in_visitors_language = True  # type: ignore[attr-defined]
    return page


def known_language(code: str | None) -> str:
    """Return a code if it is one of ours, else nothing."""
    return code if code in dict(settings.LANGUAGES) else ""


def chosen_language(request: HttpRequest) -> str:
    """Return the language that this visitor has picked by a link, or nothing."""
    asked = known_language(request.GET.get(PARAMETER))
    return asked or known_language(request.COOKIES.get(COOKIE))


def browser_language(request: HttpRequest) -> str:
    """Return the first of our languages that the browser asks for, or nothing."""
    for tag, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        found = known_language(tag.partition("-")[0])
        if found:
            return found
    return ""


def visitors_language(request: HttpRequest) -> str:
    """Return the language in which this visitor gets a public page."""
    return chosen_language(request) or browser_language(request) or ENGLISH


def language_for_stripe(request: HttpRequest) -> str:
    """Return the language for Stripe's page; `auto` where it speaks the visitor's and we do not."""
    return chosen_language(request) or browser_language(request) or "auto"


def active_locale() -> str:
    """Return the locale by which Babel writes on the page that is being made."""
    return known_language(translation.get_language()) or ENGLISH


def choices(query: str) -> list[dict[str, str]]:
    """Return our languages, each with the link that picks it and keeps the rest of the query."""
    kept = QueryDict(query, mutable=True)
    kept.pop(PARAMETER, None)
    return [
        {
            "code": code,
            "name": name,
            "link": "?" + urlencode([*_pairs(kept), (PARAMETER, code)]),
        }
        for code, name in settings.LANGUAGES
    ]


def _pairs(query: QueryDict) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, values in query.lists() for value in values]


class SpeakToVisitors:
    """Middleware: public pages and errors in the visitor's language, all else in English."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Choose the language, and tell caches what it hung on."""
        is_public = not _NOT_PUBLIC.match(request.path_info)
        request.LANGUAGE_CODE = visitors_language(request) if is_public else ENGLISH
        # What this thread does next starts in English again.
        with translation.override(request.LANGUAGE_CODE):
            response = self._get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        if getattr(request, "is_in_english", not is_public):
            return response
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        asked = known_language(request.GET.get(PARAMETER))
        if asked and asked != request.COOKIES.get(COOKIE):
            _remember(response, asked)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Go back to English for a view that is not the public's."""
        if not getattr(view, "is_in_visitors_language", False):
            request.is_in_english = True  # type: ignore[attr-defined]
            request.LANGUAGE_CODE = ENGLISH
            translation.activate(ENGLISH)


def _remember(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        COOKIE,
        language,
        max_age=LIFETIME_SECONDS,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )
