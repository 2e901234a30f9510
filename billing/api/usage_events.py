"""Usage events for programs: sent in batches, read back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from billing.api.usage_bodies import UsageEventsParser, unreadable
from billing.api.usage_fields import (
    EXAMPLES,
    UsageEventChain,
    UsageEventIn,
    UsageEventsPage,
    VerdictsOut,
)
from billing.models import Meter, Organization
from billing.operations.usage import Columns, Counts, TooBusy, Verdict, record_usage
from billing.queries.usage_pages import EventFilter, Place, event_chain, events_page
from core.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, read_cursor, write_cursor
from core.api.problems import FieldError, Problem, invalid, not_found
from core.api.views import ApiView

_BACKWARDS = "before"
_LISTED = (
    OpenApiParameter("organization", str, required=True, description="Code or id."),
    OpenApiParameter("meter", str, description="Code or id."),
    OpenApiParameter("day", date, description="One day, in the organization's zone."),
    OpenApiParameter("from", date, description="The first day."),
    OpenApiParameter("to", date, description="The last day."),
    OpenApiParameter("corrected", str, enum=["true", "false"], description="Corrected or not."),
    OpenApiParameter("cursor", str, description="Out of `next` or `previous`."),
    OpenApiParameter("limit", int, description=f"1 to {MAX_LIMIT}; {DEFAULT_LIMIT} without it."),
)


class UsageEvents(ApiView):
    """Usage events."""

    required_scopes = {"GET": "billing:read", "POST": "usage:write"}
    problems = {TooBusy: (503, "too_busy")}
    query_parameters = frozenset(one.name for one in _LISTED)
    parser_classes = [UsageEventsParser]
    # The body is read, and buckets are made, before the transaction that stores events.
    opens_scope = False

    @extend_schema(
        operation_id="usage_events_create",
        request=UsageEventIn(many=True),
        responses={200: VerdictsOut},
        examples=EXAMPLES,
    )
    def post(self, request: Request) -> HttpResponse:
        """Send up to 1,000 usage events; each gets a verdict of its own.

        They are stored before the answer comes. The key alone names an event: sent again with the
        same content it is a duplicate, with other content a conflict that changes nothing. One
        that breaks a rule is rejected alone and the rest goes in. After no answer, or one of 5xx,
        send the same list again. `Content-Encoding: gzip` is understood.
        """
        # REST framework asks no parser about no body.
        if not isinstance(request.data, list | Columns):
            raise unreadable("The body is empty; send a list of events: [{...}, {...}].")
        verdicts = record_usage(tenant_id=self.tenant.pk, events=request.data, now=self.now)
        return HttpResponse(told(verdicts), content_type="application/json")

    @extend_schema(
        operation_id="usage_events_list",
        parameters=list(_LISTED),
        responses={200: UsageEventsPage},
    )
    def get(self, request: Request) -> Response:
        """List an organization's events, newest first."""
        with self.scope():
            wanted = _wanted(request)
            is_backwards, beyond = _place(request)
            limit = _limit(request)
            found = events_page(wanted, beyond=beyond, limit=limit + 1, is_backwards=is_backwards)
        return Response(_page(request, found, limit, is_backwards))


class OneUsageEvent(ApiView):
    """One usage event."""

    required_scopes = {"GET": "billing:read"}

    @extend_schema(operation_id="usage_events_retrieve", responses={200: UsageEventChain})
    def get(self, request: Request, idempotency_key: str) -> Response:
        """Read one event with its corrections."""
        if not _is_storable(idempotency_key):
            raise not_found()
        chain = [shown(one) for one in event_chain(idempotency_key)]
        if not chain:
            raise not_found()
        own = next(one for one in chain if one["idempotency_key"] == idempotency_key)
        return Response({**own, "chain": chain})


def told(verdicts: list[Verdict]) -> bytes:
    """Return the answer to a batch."""
    counts = Counts()
    counts.add(verdicts)
    numbers = counts.by_word()
    return msgspec.json.encode({"results": verdicts, **numbers, "counts": numbers})


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it is told to programs."""
    dimensions = row["dimensions"]
    fields = msgspec.json.decode(dimensions) if isinstance(dimensions, str) else dict(dimensions)
    if row["value"] is not None:
        fields[row["unique_by"]] = row["value"]
    return {
        "idempotency_key": row["idempotency_key"],
        "kind": row["kind"],
        "organization": row["organization_code"],
        "meter": row["meter_code"],
        "day": row["day"].isoformat(),
        "time": _moment(row["time"]),
        "quantity": f"{row['quantity'].normalize():f}",
        "dimensions": fields,
        "counts": row["kind"] != "void" and row["corrected_by"] is None,
        "corrects": row["corrects"],
        "corrected_by": row["corrected_by"],
        "reason": row["reason"],
        "received_at": _moment(row["received_at"]),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _wanted(request: Request) -> EventFilter:
    """Return what the query asks for; raises a Problem (400)."""
    given = request.query_params
    if "organization" not in given:
        raise _bad("organization", "Say whose events: give the code or the id.", "required")
    if "day" in given and ("from" in given or "to" in given):
        raise _bad("day", "Give either one day, or the first and the last.")
    if given.get("corrected", "true") not in ("true", "false"):
        raise _bad("corrected", "Give true or false.")
    return EventFilter(
        organization_id=_named(Organization, "organization", given["organization"]),
        meter_id=_named(Meter, "meter", given["meter"]) if "meter" in given else None,
        since=_day("day" if "day" in given else "from", given),
        until=_day("day" if "day" in given else "to", given),
        is_corrected=given["corrected"] == "true" if "corrected" in given else None,
    )


def _named(model: type[Organization] | type[Meter], name: str, text: str) -> UUID:
    found = None
    if _is_storable(text):
        try:
            found = model.objects.filter(pk=UUID(text)).values_list("pk", flat=True).first()
        except ValueError:
            found = None
        found = found or model.objects.filter(code=text).values_list("pk", flat=True).first()
    if found is None:
        raise _bad(name, "There is nothing of this name; give the code or the id of one of yours.")
    return found


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def _day(name: str, given: Any) -> date | None:
    if name not in given:
        return None
    try:
        if len(given[name]) != 10 or not given[name].isascii():
            raise ValueError
        return date.fromisoformat(given[name])
    except ValueError:
        raise _bad(name, "Give a day such as 2026-01-31.") from None


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 0 < int(text) <= MAX_LIMIT):
        raise _bad("limit", f"Give a whole number from 1 to {MAX_LIMIT}.", "bad_limit")
    return int(text)


def _place(request: Request) -> tuple[bool, Place | None]:
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return False, None
    try:
        texts = read_cursor(cursor)
        is_backwards = texts[:1] == [_BACKWARDS]
        moment, key, day = texts[is_backwards:]
        time = datetime.fromisoformat(moment).astimezone(UTC)
        if not _is_storable(key):
            raise ValueError
        return is_backwards, Place(time, key, date.fromisoformat(day))
    except (ValueError, OverflowError):
        words = "This cursor was not given out by this list; follow `next` or `previous` as it is."
        raise _bad("cursor", words, "bad_cursor") from None


def _page(
    request: Request, found: list[dict[str, Any]], limit: int, is_backwards: bool
) -> dict[str, Any]:
    has_more = len(found) > limit
    rows = (found[1:] if is_backwards else found[:limit]) if has_more else found
    has_cursor = "cursor" in request.query_params
    has_next = is_backwards or has_more
    has_previous = has_more if is_backwards else has_cursor
    return {
        "items": [shown(one) for one in rows],
        "next": _at(request, rows[-1]) if rows and has_next else None,
        "previous": _at(request, rows[0], _BACKWARDS) if rows and has_previous else None,
    }


def _at(request: Request, row: dict[str, Any], *direction: str) -> str:
    texts = [*direction, row["time"].isoformat(), row["idempotency_key"], row["day"].isoformat()]
    uri = request.build_absolute_uri()
    return str(replace_query_param(uri, "cursor", write_cursor(texts)))


def _bad(name: str, words: str, code: str = "invalid") -> Problem:
    return invalid(FieldError(words, code=code, parameter=name))
