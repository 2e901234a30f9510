"""The outermost middleware: gives each request its id, measures it, and hands the id back."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.observe import counts, tracing

# Long enough to be one, short enough for a log line, nothing that could forge another one.
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Probes come every few seconds, must not wait for Redis, and would drown what matters.
_UNCOUNTED = frozenset({"/healthz", "/readyz", "/metrics"})


class MeasureRequests:
    """Keeps a sane `X-Request-ID` or makes one, for logs, problems and the answer alike."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with the id under which the logs know the request, and count it."""
        start = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SANE_ID.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        if request.path in _UNCOUNTED:
            response = self.get_response(request)
        else:
            with tracing.span("request") as told:
                response = self.get_response(request)
                method, route, status = _labels(request, response)
                told |= {"name": f"{method} {route}", "http.response.status_code": int(status)}
                told["taproom.request_id"] = request_id
            counts.count("requests", (method, route, status), time.perf_counter() - start)
        response["X-Request-ID"] = request_id
        return response


def _labels(request: HttpRequest, response: HttpResponse) -> tuple[str, str, str]:
    """Return method, route and status: names of ours, so that no caller can invent new series."""
    method = request.method if request.method in _METHODS else "OTHER"
    match = request.resolver_match
    return method or "OTHER", match.view_name if match else "none", str(response.status_code)
