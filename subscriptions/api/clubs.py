"""Clubs and subscriptions for programs, at the paths and with the payloads of their description."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, Problem, invalid
from core.api.views import ApiView
from subscriptions.api.fields import (
    StatusAnswer,
    StatusFields,
    SubscribeFields,
    SubscriptionAnswer,
)
from subscriptions.models import Club
from subscriptions.operations.clashes import StatusMissing
from subscriptions.operations.status import (
    CommandInvalid,
    StatusOutcome,
    SubscriptionUnknown,
    change_status,
)
from subscriptions.operations.subscribing import (
    AlreadySubscribed,
    ClubNotActive,
    ClubUnknown,
    subscribe,
)
from subscriptions.queries.eligible import eligible, explained
from subscriptions.queries.moments import moment_or_day
from subscriptions.queries.words import club_status_word, status_word

LARGEST_INTEGER = 2**31 - 1


class ClubSubscribe(ApiView):
    """Join a club."""

    idempotency = "accepted"
    required_scopes = {"POST": "clubs:subscribe"}
    problems = {
        ClubUnknown: (404, "club_unknown"),
        StatusMissing: (409, "status_missing"),
    }

    @extend_schema(request=SubscribeFields, responses={201: SubscriptionAnswer})
    def post(self, request: Request, club_id: int) -> Response:
        """Subscribe a customer to an active club; a customer is once in a club."""
        fields = SubscribeFields(data=request.data)
        fields.is_valid(raise_exception=True)
        if club_id > LARGEST_INTEGER:
            raise ClubUnknown(club_id)
        customer = fields.validated_data["customer_id"]
        try:
            made = subscribe(
                club_number=club_id, customer_store_id=customer, by=self.by, now=self.now
            )
        except ClubNotActive as error:
            word = club_status_word(error.status).split(" ")[0]
            code = "club_without_status" if error.status is None else f"club_{word}"
            raise Problem(409, code, str(error)) from error
        except AlreadySubscribed as error:
            wrong = FieldError(str(error), code="already_subscribed", pointer="#/customer_id")
            raise Problem(409, "already_subscribed", str(error), errors=[wrong]) from error
        made.refresh_from_db(fields=["last_status", "last_effective_at"])
        return Response(SubscriptionAnswer(made).data, status=201)


class SubscriptionStatusView(ApiView):
    """Pause, cancel and activate."""

    required_scopes = {"POST": "clubs:manage"}
    problems = {
        SubscriptionUnknown: (404, "subscription_unknown"),
        StatusMissing: (409, "status_missing"),
    }

    @extend_schema(request=StatusFields, responses=StatusAnswer)
    def post(self, request: Request, subscription_id: str) -> Response:
        """Pause, cancel or activate a subscription, now or later; a repetition changes nothing."""
        fields = StatusFields(data=request.data)
        fields.is_valid(raise_exception=True)
        asked = fields.validated_data
        try:
            outcome = change_status(
                reference=known_text(subscription_id),
                status=asked["status_id"],
                effective_at=asked.get("effect_date"),
                details=asked.get("details") or "",
                interval=asked.get("interval"),
                by=self.by,
                now=self.now,
            )
        except CommandInvalid as error:
            raise invalid(
                FieldError(str(error), code=error.code, pointer=f"#/{error.field}")
            ) from error
        return Response(StatusAnswer(_Told(outcome)).data)


class _Told:
    """An outcome with its words."""

    def __init__(self, outcome: StatusOutcome) -> None:
        self._outcome = outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outcome, name)

    @property
    def status(self) -> str | None:
        """The status now, as a word."""
        now = self._outcome.status_now
        return None if now is None else status_word(now)

    @property
    def detail(self) -> str:
        """What was done, in a sentence."""
        word = status_word(self._outcome.row.status)
        when = self._outcome.row.effective_at.strftime("%Y-%m-%d %H:%M UTC")
        if not self._outcome.changed:
            return f"It is {word} from {when} on already. Nothing was changed."
        returns = self._outcome.returns
        back = (
            f", active again from {returns.effective_at:%Y-%m-%d %H:%M UTC} on" if returns else ""
        )
        count = len(self._outcome.withdrawn)
        taken = f" Withdrawn with it: {count} scheduled change(s)." if count else ""
        return f"It is {word} from {when} on{back}.{taken}"


class EligibleList(ApiView):
    """Who is to be charged."""

    required_scopes = {"GET": "clubs:charge"}
    query_parameters = frozenset({"on", "club", "explain"})

    @extend_schema(
        parameters=[
            OpenApiParameter("on", str, description="A moment, or a day: its first moment."),
            OpenApiParameter("club", int, description="Only members of this club."),
            OpenApiParameter("explain", int, enum=[0, 1], description="1: why others are not."),
        ],
        responses={200: OpenApiTypes.ANY},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """List the ids of those that are to be charged.

        Active ones in a club that is active or closed: a bare JSON list, in no particular order.
        With `explain=1` an object with the list `eligible` and, in `excluded`, each other
        subscription with the reason.
        """
        given = request.query_params
        explain = given.get("explain", "0")
        if explain not in ("0", "1"):
            raise _bad_parameter("explain", "Give 1 or 0.")
        club = self._club(given["club"]) if "club" in given else None
        make = explained if explain == "1" else eligible
        pieces = make(on=self._moment(given.get("on")), club=club)
        answer = StreamingHttpResponse(iter(pieces), content_type="application/json")
        answer["Content-Length"] = str(sum(len(piece) for piece in pieces))
        return answer

    def _moment(self, text: str | None) -> Any:
        if text is None:
            return self.now
        try:
            return moment_or_day(text, self.tenant.zone)
        except ValueError as error:
            raise _bad_parameter("on", str(error)) from error

    def _club(self, text: str) -> int:
        is_number = text.isascii() and text.isdigit() and len(text) <= 10
        number = int(text) if is_number else LARGEST_INTEGER + 1
        if number > LARGEST_INTEGER or not Club.objects.filter(number=number).exists():
            raise _bad_parameter("club", "There is no club with this id.")
        return number


def _bad_parameter(name: str, words: str) -> Problem:
    return invalid(FieldError(words, parameter=name))


def known_text(text: str) -> str:
    """Return an id from a path; raises SubscriptionUnknown for what no row can hold."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text) or len(text) > 36:
        raise SubscriptionUnknown(text.replace("\0", "")[:36].encode(errors="replace").decode())
    return text
