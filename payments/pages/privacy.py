"""What every public page of payments tells browsers, caches and search engines."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.languages import in_visitors_language

Page = Callable[..., HttpResponse]

# The address is the secret: it must not travel on, lie in a cache or be found by a search.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


def public_page(view: Page) -> Page:
    """Set the headers of a page that anybody with its address may open.

    Chromium holds the target of a form's redirect against `form-action` too, so that the origins
    of Stripe's page are added there, and nothing else.
    """

    @in_visitors_language
    @wraps(view)
    def page(request: HttpRequest, token: str) -> HttpResponse:
        response = view(request, token)
        # What django-csp reads; its decorator is typed for views without arguments.
        more = getattr(response, "_csp_update", {})
        response._csp_update = {**more, "form-action": settings.CHECKOUT_ORIGINS}  # type: ignore[attr-defined]
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return page
