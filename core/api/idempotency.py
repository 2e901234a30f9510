"""Idempotency-Key: a POST that is repeated is answered again, not done again.

The first request claims its key in a transaction of its own, so that one sent meanwhile sees it
and gets 409. The stored answer commits together with the work: neither exists without the other.
Only answers below 400 are kept; a refused request frees its key, so that a mended body may use it.
A request whose process died leaves a claim that ends after a minute. Keys live 24 hours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import IO, cast
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from core import tenancy
from core.api.caller import Caller
from core.api.parsers import read_at_most
from core.api.problems import FieldError, Problem, invalid
from core.models import StoredAnswer

HEADER = "Idempotency-Key"
# Longer than any request may run: the web server and the load balancer give up before.
LEASE = timedelta(minutes=1)
KEPT_FOR = timedelta(hours=24)
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
_KEY = re.compile(r"[!-~](?:[ -~]{0,253}[!-~])?")


@dataclass(frozen=True, slots=True)
class Claim:
    """A key this request may work under until `lease_until`, which also proves that it is ours."""

    tenant_id: UUID
    answer_id: UUID
    lease_until: datetime


class Replay(Exception):
    """The request was answered before; `response()` gives that answer again."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__(answer.key)
        self.answer = answer

    def response(self) -> HttpResponse:
        """Return the stored answer, marked as a repetition."""
        response = HttpResponse(self.answer.body, status=self.answer.status)
        for name, value in {**self.answer.headers, "Idempotent-Replayed": "true"}.items():
            response[name] = value
        return response


def claim(
    request: Request, caller: Caller, now: datetime, *, is_required: bool, limit: int
) -> Claim | None:
    """Take the request's key, or return None where it has none and needs none.

    Raises Replay for a request that was answered, and a Problem: 400 for a missing or malformed
    key, 409 while the first request runs, 422 where the key answered another request.
    """
    key = _key(request, is_required=is_required)
    if key is None or caller.tenant is None:
        return None
    digest = _digest(request, read_body(request, limit))
    lease_until = now + LEASE
    with tenancy.scope(caller.tenant.pk, user_id=caller.user_id, role=caller.role):
        answer, is_new = StoredAnswer.objects.get_or_create(
            tenant_id=caller.tenant.pk,
            caller=caller.id,
            key=key,
            defaults={"request_hash": digest, "lease_until": lease_until},
        )
        if not is_new and not _take_over(answer, digest, now, lease_until):
            _refuse_or_replay(answer, digest, now)
    return Claim(caller.tenant.pk, answer.pk, lease_until)


def _take_over(answer: StoredAnswer, digest: str, now: datetime, lease_until: datetime) -> bool:
    """Claim a key whose holder died; one conditional UPDATE, so that one request gets it."""
    left_behind = StoredAnswer.objects.filter(pk=answer.pk, status=None, lease_until__lte=now)
    return bool(left_behind.update(request_hash=digest, lease_until=lease_until))


def _refuse_or_replay(answer: StoredAnswer, digest: str, now: datetime) -> None:
    if answer.status is None:
        wait = max(1, min(5, int((answer.lease_until - now).total_seconds())))
        raise Problem(
            HTTPStatus.CONFLICT,
            "request_in_progress",
            "The first request with this Idempotency-Key is still running. "
            "Repeat this one in a moment to get its answer.",
            headers={"Retry-After": str(wait)},
        )
    if answer.request_hash != digest:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "key_used_otherwise",
            "This Idempotency-Key answered another request (method, path or body differ). "
            "Nothing was done. Use a new key for a new request.",
            errors=[FieldError("Used for another request.", "key_used_otherwise", header=HEADER)],
        )
    raise Replay(answer)


def keep(
    held: Claim,
    response: HttpResponseBase,
    *,
    scope: Callable[[], AbstractContextManager[tenancy.Scope]],
) -> None:
    """Store the answer in the transaction of the work; raises a Problem (409) if we lost the key.

    A request that outlived its lease may have been repeated meanwhile: then its work is undone.
    """
    body = response.content.decode() if isinstance(response, HttpResponse) else ""
    headers = {name: response[name] for name in _KEPT_HEADERS if response.has_header(name)}
    with scope():
        ours = StoredAnswer.objects.filter(
            pk=held.answer_id, status=None, lease_until=held.lease_until
        )
        if not ours.update(status=response.status_code, headers=headers, body=body):
            raise Problem(
                HTTPStatus.CONFLICT,
                "request_overtaken",
                "This request took so long that a repetition overtook it, and it was undone. "
                "Repeat it to get the answer of the other one.",
            )


def release(held: Claim) -> None:
    """Free the key of a request that was refused or broke."""
    with tenancy.scope(held.tenant_id):
        StoredAnswer.objects.filter(
            pk=held.answer_id, status=None, lease_until=held.lease_until
        ).delete()


def delete_old(*, now: datetime) -> int:
    """Delete the answers of the tenant in scope that are older than 24 hours; return how many."""
    return StoredAnswer.objects.filter(created_at__lt=now - KEPT_FOR).delete()[0]


def read_body(request: Request, limit: int) -> bytes:
    """Return the raw body and leave it to be parsed; raises a Problem (413) beyond `limit`."""
    http = request._request
    raw = read_at_most(cast("IO[bytes]", http), limit)
    http._body = raw  # what `HttpRequest.body` would keep, without its other limit
    return raw


def _key(request: Request, *, is_required: bool) -> str | None:
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is None and not is_required:
        return None
    if key is None:
        words = "This endpoint moves money: send an Idempotency-Key, such as a new UUID."
        raise invalid(FieldError(words, code="key_missing", header=HEADER))
    if not _KEY.fullmatch(key):
        words = "An Idempotency-Key has 1 to 255 visible ASCII characters."
        raise invalid(FieldError(words, code="malformed_key", header=HEADER))
    return key


def _digest(request: Request, body: bytes) -> str:
    """Return the SHA-256 of what makes two requests the same."""
    start = f"{request.method} {request._request.get_full_path()}\0".encode()
    return hashlib.sha256(start + body).hexdigest()
