"""Errors that never reached a view of the API, told as the API tells them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse

from core.api.problems import (
    MEDIA_TYPE,
    Problem,
    database_down,
    document,
    headers_of,
    internal_error,
    not_found,
)


class ProblemsUnderApi:
    """Replaces what Django says under /api/ when it refuses or breaks: also its debug pages.

    Views of the API answer problems themselves. What is left are a refused host, a middleware
    that broke, a path that leads nowhere.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass answers on; exchange error pages under /api/."""
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html")
        if response.status_code < 400 or not is_page or not is_api(request):
            return response
        problem = problem_for(request, response.status_code)
        return JsonResponse(
            document(request, problem),
            status=problem.status_code,
            headers=headers_of(problem),
            content_type=MEDIA_TYPE,
        )


def is_api(request: HttpRequest) -> bool:
    """Return whether a request was meant for the API."""
    return f"{request.path}/".startswith("/api/")


def problem_for(request: HttpRequest, status: int) -> Problem:
    """Return the problem that stands for an error page."""
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return database_down()
    if status >= 500:
        return internal_error(request)
    if status == HTTPStatus.NOT_FOUND:
        return not_found()
    known = status in HTTPStatus._value2member_map_
    phrase = HTTPStatus(status).phrase if known else "Refused"
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return Problem(status, code, f"The request was refused: {phrase.lower()}.")
