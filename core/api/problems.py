"""Errors of the API: RFC 9457 `application/problem+json`, whatever went wrong and wherever.

`type` is `urn:taproom:problem:<code>`; programs branch on `code`, people read `title` and
`detail`. `errors` points at each mistake: `pointer` into the body (a JSON pointer as a URI
fragment), `parameter` in the query or `header`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, UnreadablePostError
from rest_framework import exceptions as drf_errors
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import pointers

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
CHALLENGE = 'Bearer realm="taproom", Api-Key realm="taproom"'


@dataclass(frozen=True, slots=True)
class FieldError:
    """One mistake in the request. Exactly one of the three places is given."""

    detail: str
    code: str = "invalid"
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the entry of `errors`."""
        places = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        found = {name: place for name, place in places.items() if place is not None}
        return {**found, "detail": self.detail, "code": self.code}


class Problem(drf_errors.APIException):
    """An answer other than success: raise it in a view, or map a named error to it.

    `code` is for programs and stays; `detail` says what happened and what to do next.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = int(status)
        self.code = code
        self.text = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def invalid(*errors: FieldError) -> Problem:
    """Return the 400 for input that breaks a rule, with each mistake in its place."""
    count = len(errors)
    detail = errors[0].detail if count == 1 else f"{count} mistakes; `errors` lists each of them."
    return Problem(HTTPStatus.BAD_REQUEST, "invalid_input", detail, errors=errors)


def too_many(detail: str, retry_after: int) -> Problem:
    """Return the 429 that asks to wait `retry_after` seconds."""
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_requests",
        detail,
        headers={"Retry-After": str(max(1, retry_after))},
    )


def not_found() -> Problem:
    """Return the 404, the same for what is not there and for what belongs to another tenant."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here, or it is not yours.")


def internal_error(request: HttpRequest) -> Problem:
    """Return the 500 that tells nothing but where to find it in the logs."""
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "Something failed on our side and nothing of this request was kept. "
        f"Try again; if it stays, tell support the request id {request_id(request)}.",
    )


def database_down() -> Problem:
    """Return the 503 for the time in which PostgreSQL does not answer."""
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, *_DATABASE_DOWN, headers={"Retry-After": "5"})


def request_id(request: HttpRequest) -> str:
    """Return the id by which the logs know this request."""
    return str(request.META.get("HTTP_X_REQUEST_ID", ""))


def document(request: HttpRequest, problem: Problem) -> dict[str, Any]:
    """Return the problem as the JSON object that is sent."""
    return {
        "type": f"urn:taproom:problem:{problem.code}",
        "title": problem.code.replace("_", " ").capitalize(),
        "status": problem.status_code,
        "detail": problem.text,
        "instance": request.path,
        "code": problem.code,
        "errors": [error.as_json() for error in problem.errors],
        "request_id": request_id(request),
    }


def headers_of(problem: Problem) -> dict[str, str]:
    """Return the headers a problem is sent with."""
    challenge = {"WWW-Authenticate": CHALLENGE} if problem.status_code == 401 else {}
    return {**challenge, "Cache-Control": "no-store", **problem.headers}


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """Turn whatever a view raised into a problem (REST framework's EXCEPTION_HANDLER)."""
    request: Request = context["request"]
    problem = error if isinstance(error, Problem) else None
    problem = problem or _named(error, context.get("view")) or _known(error)
    problem = problem or _unexpected(error, request)
    return Response(
        document(request._request, problem),
        status=problem.status_code,
        headers=headers_of(problem),
        content_type=MEDIA_TYPE,
    )


def _named(error: Exception, view: object) -> Problem | None:
    """Look an operation's named error up in the view's `problems` table."""
    table: Mapping[type[Exception], tuple[int, str]] = getattr(view, "problems", {})
    for kind in type(error).__mro__:
        if kind in table:
            status, code = table[kind]
            return Problem(status, code, str(error))
    return None


def _known(error: Exception) -> Problem | None:
    """Return the problem for an error of Django's or REST framework's, or None."""
    if isinstance(error, drf_errors.NotFound | Http404):
        return not_found()
    if isinstance(error, drf_errors.ValidationError):
        return invalid(*(FieldError(*found) for found in pointers.of_rest(error.detail)))
    if isinstance(error, django_errors.ValidationError):
        return invalid(*(FieldError(*found) for found in pointers.of_django(error)))
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("database_unavailable", error=type(error).__name__, exc_info=error)
        return database_down()
    for kind, (status, code, detail) in _PLAIN.items():
        if isinstance(error, kind):
            return Problem(status, code, detail or str(getattr(error, "detail", error)))
    return None


def _unexpected(error: Exception, request: Request) -> Problem:
    """Log what nobody foresaw; the caller learns the request's id and nothing of the cause."""
    log.error("request_broke", error=type(error).__name__, exc_info=error)
    got_request_exception.send(sender=None, request=request._request)
    return internal_error(request._request)


_DATABASE_DOWN = (
    "unavailable",
    "The database did not answer. Nothing of this request was kept; try again in a moment.",
)
# Looked up in this order; an empty detail takes the error's own words.
_PLAIN: dict[type[Exception], tuple[int, str, str]] = {
    drf_errors.NotAuthenticated: (
        401,
        "not_authenticated",
        (
            "This needs credentials: `Authorization: Bearer <token>` from /api/token/, "
            "or `Authorization: Api-Key <key>`."
        ),
    ),
    drf_errors.AuthenticationFailed: (
        401,
        "credentials_refused",
        "These credentials are unknown, expired, revoked or not written as they should be.",
    ),
    drf_errors.PermissionDenied: (403, "not_allowed", ""),
    django_errors.PermissionDenied: (403, "not_allowed", "You may not do this."),
    drf_errors.MethodNotAllowed: (405, "method_not_allowed", ""),
    drf_errors.NotAcceptable: (406, "not_acceptable", "Answers are application/json only."),
    drf_errors.UnsupportedMediaType: (
        415,
        "unsupported_media_type",
        "Send the body as `Content-Type: application/json`.",
    ),
    drf_errors.ParseError: (400, "malformed_request", ""),
    django_errors.RequestDataTooBig: (413, "too_large", "The body is larger than allowed."),
    UnreadablePostError: (400, "malformed_request", "The body broke off before its end."),
    django_errors.SuspiciousOperation: (400, "malformed_request", "The request was refused."),
}
