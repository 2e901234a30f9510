"""Tell one browser from another on a public page, without knowing who it is.

A double click and a second tab of the same browser shall find the same checkout. A random cookie
does that; it goes to the link's own path only. Where cookies are blocked, the same value lies in
the form, so that a double click still finds itself. Nothing else hangs on it: whoever has no
value can look and pay.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "taproom_visitor"
FIELD = "visitor"
LIFETIME_SECONDS = 24 * 60 * 60

_VALUE = re.compile(r"[A-Za-z0-9_-]{32}")


def known_visitor(request: HttpRequest) -> str:
    """Return the visitor's value from the cookie, else from the form; empty if there is none."""
    for value in (request.COOKIES.get(COOKIE, ""), request.POST.get(FIELD, "")):
        if _VALUE.fullmatch(value):
            return value
    return ""


def new_visitor() -> str:
    """Return a value for a browser that has none."""
    return secrets.token_urlsafe(24)


def visitor_hash(visitor: str) -> str:
    """Return what is kept of a visitor: a stolen database does not give the cookie back."""
    return hashlib.sha256(visitor.encode()).hexdigest() if visitor else ""


def remember(response: HttpResponse, visitor: str, *, path: str) -> None:
    """Give the browser its value, for the pages of one link only."""
    response.set_cookie(
        COOKIE,
        visitor,
        max_age=LIFETIME_SECONDS,
        path=path,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )


def comes_from_elsewhere(request: HttpRequest) -> bool:
    """Return whether another site made this browser send the form.

    This stands in for Django's CSRF token, which needs a cookie and, under Referrer-Policy
    no-referrer, refuses its own forms, since browsers then send `Origin: null`. A forged form
    gains nothing that its author could not do with the token alone, except to take a limited
    link's places from many addresses; browsers name its source in Sec-Fetch-Site.
    """
    return request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}
