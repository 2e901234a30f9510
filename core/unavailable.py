"""What every way in answers when nothing else can: bad requests, and 503 without PostgreSQL."""

from __future__ import annotations

import sys

import structlog
from django.db import InterfaceError, OperationalError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseNotFound,
    HttpResponseServerError,
    JsonResponse,
)
from django.template.loader import render_to_string

from core.api.problems import MEDIA_TYPE, database_down, document, headers_of

log = structlog.get_logger(__name__)

_HEADERS = {
    "Retry-After": "5",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


# Django's own three ask for the form once more to check its token, and a form that cannot be read
# then breaks the answer too.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a request that could not be read (Django's handler400)."""
    return HttpResponseBadRequest(render_to_string("400.html"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for a page that is not open to this person, with the reason (handler403)."""
    return HttpResponseForbidden(render_to_string("403.html", {"exception": str(exception)}))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer for an address at which there is nothing (handler404)."""
    return HttpResponseNotFound(render_to_string("404.html"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an exception that nobody caught, wherever it came from (Django's handler500).

    Django calls this while it handles the exception. That PostgreSQL does not answer is no fault
    of the request: Stripe then repeats its event, and a customer reads that no money moved.
    """
    error = sys.exc_info()[1]
    if not isinstance(error, OperationalError | InterfaceError):
        return HttpResponseServerError(render_to_string("500.html"))
    log.warning("database_unavailable", error=type(error).__name__)
    return _problem(request) if _is_program(request) else _page()


def _is_program(request: HttpRequest) -> bool:
    """Return whether whoever asks reads JSON: it sends JSON, or wants no page."""
    return request.content_type == "application/json" or not request.accepts("text/html")


def _problem(request: HttpRequest) -> HttpResponse:
    problem = database_down()
    return JsonResponse(
        document(request, problem),
        status=problem.status_code,
        headers=headers_of(problem),
        content_type=MEDIA_TYPE,
    )


def _page() -> HttpResponse:
    return HttpResponse(render_to_string("503.html"), status=503, headers=_HEADERS)
