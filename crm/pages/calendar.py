"""The calendar of one's tasks: the page that gives its address, and what lies there."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date, parse_etags, parse_http_date_safe
from django.views.decorators.http import require_http_methods, require_safe

from core.pages import StaffRequest, staff_page
from core.ratelimit import address_key, limit
from crm.operations.calendar import (
    Feed,
    FeedUnknown,
    feed_url,
    make_feed,
    read_feed,
    renew_feed,
    revoke_feed,
    standing_feed,
)

# Calendars ask once in some minutes; who guesses addresses asks all the time.
PER_ADDRESS = "60/m"

HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def calendar_settings(request: StaffRequest) -> HttpResponse:
    """Show the address of a person's calendar; make, renew or revoke it."""
    if request.method == "POST":
        return _change(request)
    if request.user.tenant_id != request.tenant.pk:
        return TemplateResponse(request, "crm/data/calendar.html", {"is_operator": True})
    feed = standing_feed(user=request.user)
    context = {"feed": feed, "url": feed_url(feed) if feed else ""}
    return TemplateResponse(request, "crm/data/calendar.html", context)


def _change(request: StaffRequest) -> HttpResponse:
    what, now = request.POST.get("do", ""), timezone.now()
    if request.user.tenant_id != request.tenant.pk:
        messages.error(request, "A platform operator has no tasks, so no calendar.")
    elif what == "make":
        make_feed(user=request.user)
        messages.success(request, "Your calendar has an address: copy it.")
    elif what == "renew":
        renew_feed(user=request.user, now=now)
        messages.success(request, "The old address is shut. Copy the new one.")
    elif what == "revoke":
        revoke_feed(user=request.user, now=now)
        messages.success(request, "The address is shut: calendars that had it get nothing more.")
    else:
        messages.error(request, "Nothing was changed: choose make, renew or revoke.")
    return HttpResponseRedirect(reverse("calendar"))


@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """Answer a calendar program; whoever has the address may read it."""
    verdict = limit("calendar_by_address", address_key(request), PER_ADDRESS)
    if not verdict.is_allowed:
        wait = {"Retry-After": str(verdict.retry_after)}
        return HttpResponse("Too many requests.", status=429, content_type="text/plain",
                            headers={**HEADERS, **wait})  # fmt: skip
    try:
        feed = read_feed(secret=secret, now=timezone.now())
    except FeedUnknown:
        return HttpResponse(
            "There is no calendar here.", status=404, content_type="text/plain", headers=HEADERS
        )
    response = _answer(request, feed)
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers["ETag"] = f'"{feed.etag}"'
    response.headers["Last-Modified"] = http_date(feed.changed_at.timestamp())
    return response


def _answer(request: HttpRequest, feed: Feed) -> HttpResponse:
    if _is_known(request, feed):
        return HttpResponseNotModified()
    return HttpResponse(
        feed.body,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": 'inline; filename="tasks.ics"'},
    )


def _is_known(request: HttpRequest, feed: Feed) -> bool:
    """Return whether the program has this calendar; an ETag counts more than a time."""
    wanted = request.headers.get("If-None-Match")
    if wanted is not None:
        tags = {tag.removeprefix("W/") for tag in parse_etags(wanted)}
        return "*" in tags or f'"{feed.etag}"' in tags
    since = parse_http_date_safe(request.headers.get("If-Modified-Since", "") or "")
    if since is None:
        return False
    return feed.changed_at.astimezone(UTC) <= datetime.fromtimestamp(since, UTC)
