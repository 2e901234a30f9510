"""/healthz, /readyz and /metrics."""

from __future__ import annotations

import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from core.observe import metrics, readiness
from core.ratelimit import client_address

_BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process lives; asks nothing else, so that an outage elsewhere kills nobody."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the process can work, part by part; 503 if not."""
    parts = readiness.check(now=timezone.now())
    is_ready = all(part.is_ok for part in parts.values())
    shown = {name: {"ok": part.is_ok, "detail": part.detail} for name, part in parts.items()}
    return JsonResponse({"ready": is_ready, "parts": shown}, status=200 if is_ready else 503)


@never_cache
@require_safe
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Give all metrics to who may read them."""
    if not may_read_metrics(request):
        return HttpResponse("Not for you.\n", status=403, content_type="text/plain")
    return HttpResponse(metrics.text(now=timezone.now()), content_type=CONTENT_TYPE_LATEST)


def may_read_metrics(request: HttpRequest) -> bool:
    """Return whether the request shows METRICS_TOKEN, or without one comes from this machine.

    A request that was forwarded is never taken for a local one: a proxy on this machine whose
    count is not configured would otherwise make everybody local.
    """
    if settings.METRICS_TOKEN:
        match = _BEARER.fullmatch(request.META.get("HTTP_AUTHORIZATION", ""))
        return match is not None and constant_time_compare(match[1], settings.METRICS_TOKEN)
    if not settings.TRUSTED_PROXY_COUNT and "HTTP_X_FORWARDED_FOR" in request.META:
        return False
    return ipaddress.ip_address(client_address(request)).is_loopback
