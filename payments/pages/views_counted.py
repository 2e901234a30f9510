"""Which looks at a public page count as views: those of people, once the page is on its way."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import structlog
from django.db import Error
from django.http import HttpRequest, HttpResponse

from core.models import Entry
from payments.operations.views import count_view

log = structlog.get_logger(__name__)

# Programs that say who they are: crawlers, and what makes previews of links that are shared.
_PROGRAM: Final = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|scraper|preview|monitor|lighthouse|validator|archiver"
    r"|facebookexternalhit|facebookcatalog|whatsapp|skypeuripreview|embedly|mediapartners"
    r"|feedfetcher|google-read-aloud|google-safety|googleother|apis-google|pingdom|uptime",
    re.IGNORECASE,
)
# What browsers send with pages that they fetch before anybody asked for them.
_AHEAD: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


def is_view(request: HttpRequest) -> bool:
    """Return whether a person looks at the page: no HEAD, no bot, nothing fetched ahead."""
    if request.method != "GET":
        return False
    told = " ".join(request.headers.get(name, "") for name in _AHEAD).lower()
    if "prefetch" in told or "preview" in told or "prerender" in told:
        return False
    return not _PROGRAM.search(request.headers.get("User-Agent", ""))


def count_after(request: HttpRequest, response: HttpResponse, entry: Entry, now: datetime) -> None:
    """Have a view of this page counted once its answer is sent: nobody waits for it.

    Should the database refuse, a log line says so, and the page is what it is.
    """
    if is_view(request):
        # Django runs these on close(), which the web server calls after the last byte.
        response._resource_closers.append(lambda: _count(entry, now))  # type: ignore[attr-defined]


def _count(entry: Entry, now: datetime) -> None:
    tenant = entry.tenant
    try:
        count_view(tenant_id=tenant.pk, link_id=entry.target_id, zone=tenant.zone, now=now)
    except Error as error:
        log.warning("view_not_counted", link_id=str(entry.target_id), reason=str(error)[:200])
