"""The base of all API views: who asks, may they, how often, and whose rows exist meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from psycopg.pq import TransactionStatus
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core import ratelimit, tenancy
from core.api import idempotency as repeats
from core.api import parsers
from core.api.caller import Caller
from core.api.filters import refuse_unknown_parameters
from core.api.problems import too_many
from core.models import Tenant, User


class ApiView(APIView):
    """A view inside its caller's tenant; mix it in before any generic view of REST framework.

    The request runs in one transaction of `core.tenancy.scope`, rendering included, and an answer
    of 400 or more keeps nothing of it, whether it was raised or returned. A view that calls the
    outside world sets `opens_scope = False` and wraps each short step in `with self.scope():`.

    `required_scopes`: HTTP method to scope, such as {"GET": "links:read"}.
    `problems`: an operation's named error to (status, code); its text becomes the detail.
    `query_parameters`: what is allowed in the query beside filters and paging.
    `idempotency`: whether POST takes an Idempotency-Key, "accepted" or "required".
    """

    required_scopes: ClassVar[Mapping[str, str]] = {}
    problems: ClassVar[Mapping[type[Exception], tuple[int, str]]] = {}
    query_parameters: ClassVar[frozenset[str]] = frozenset()
    idempotency: ClassVar[Literal["", "accepted", "required"]] = ""
    opens_scope: ClassVar[bool] = True
    accepts_list: ClassVar[bool] = False
    max_body_bytes: ClassVar[int] = parsers.MAX_BODY_BYTES
    metadata_class = None
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    _claim: repeats.Claim | None = None
    _verdict: ratelimit.Verdict | None = None

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return cast("Caller", self.request.auth)

    @property
    def by(self) -> User | None:
        """The person who asks; None for a program."""
        return self.caller.user

    @property
    def tenant(self) -> Tenant:
        """The tenant the request works in."""
        tenant = self.caller.tenant
        if tenant is None:
            raise tenancy.NoScope("An endpoint that lets everybody in works in no tenant.")
        return tenant

    @cached_property
    def now(self) -> datetime:
        """The moment of the request: the clock is read once and handed to operations."""
        return timezone.now()

    def scope(self) -> AbstractContextManager[tenancy.Scope]:
        """Return the caller's tenant scope; inside the request's own it is a savepoint."""
        caller = self.caller
        return tenancy.scope(self.tenant.pk, user_id=caller.user_id, role=caller.role)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer inside the scope, rendering included, and leave it once."""
        try:
            response = self._answer_in_scope(request, *args, **kwargs)
        except Exception as error:  # rendering or the commit failed
            response = self._rendered(self.handle_exception(error))
        if self._claim is not None and response.status_code >= 400:
            repeats.release(self._claim)
        return response

    def _answer_in_scope(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self._stack:
            response = super().dispatch(request, *args, **kwargs)
            render(response)
            if response.status_code >= 400:
                roll_back()
            elif self._claim is not None:
                repeats.keep(self._claim, response, scope=self.scope)
            if response.status_code < 400:
                refuse_lost_work()
        return response

    def _rendered(self, response: HttpResponse) -> HttpResponseBase:
        finished = self.finalize_response(self.request, response, *self.args, **self.kwargs)
        render(finished)
        return finished

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, check permission and rate, then enter the caller's scope."""
        try:
            super().initial(request, *args, **kwargs)
        except (NotAuthenticated, AuthenticationFailed):
            self._count_stranger(request)
            raise
        refuse_unknown_parameters(request, self)
        if not isinstance(request.auth, Caller):
            return
        if request.method == "POST" and self.idempotency:
            self._claim = repeats.claim(
                request,
                self.caller,
                self.now,
                is_required=self.idempotency == "required",
                limit=self.max_body_bytes,
            )
        if self.opens_scope:
            self._stack.enter_context(self.scope())

    def handle_exception(self, exc: Exception) -> HttpResponse:  # type: ignore[override]
        """Answer with a problem, or with the stored answer to a repeated request."""
        if isinstance(exc, repeats.Replay):
            return exc.response()
        return super().handle_exception(exc)

    def check_throttles(self, request: Request) -> None:
        """Count the request for its credential, or for its address where nobody is known."""
        if isinstance(request.auth, Caller):
            rate = settings.API_RATE_PER_CREDENTIAL
            self._verdict = ratelimit.limit("api", request.auth.id, rate)
            self._refuse_beyond(self._verdict)
        else:
            self._count_stranger(request)

    def finalize_response(  # type: ignore[override]  # replays are plain HttpResponses
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Add what is left of the limit (RateLimit fields, as drafted by the IETF)."""
        finished = super().finalize_response(request, cast("Response", response), *args, **kwargs)
        if self._verdict is not None and self._verdict.limit:
            left = self._verdict
            finished["RateLimit"] = f'"default";r={left.remaining};t={left.reset}'
        return finished

    def _count_stranger(self, request: Request) -> None:
        key = ratelimit.address_key(request._request)
        self._refuse_beyond(ratelimit.limit("api", key, settings.API_RATE_PER_ADDRESS))

    @staticmethod
    def _refuse_beyond(verdict: ratelimit.Verdict) -> None:
        if not verdict.is_allowed:
            wait = verdict.retry_after
            raise too_many(f"Too many requests. Wait {wait} seconds, then go on.", wait)


class WorkLost(Exception):
    """A view promised success in a transaction that a swallowed error had already broken."""


def roll_back() -> None:
    """Let the open scope, if there is one, keep nothing."""
    if tenancy.current_or_none() is not None:
        transaction.set_rollback(True)


def refuse_lost_work() -> None:
    """Raise WorkLost where PostgreSQL would answer COMMIT with a silent ROLLBACK."""
    if tenancy.current_or_none() is None:
        return
    status = connection.connection.info.transaction_status
    if transaction.get_rollback() or status == TransactionStatus.INERROR:
        raise WorkLost("an error in the database was caught outside a savepoint")


def render(response: HttpResponseBase) -> None:
    """Render a response that is rendered late, so that it happens here and not outside."""
    if isinstance(response, Response) and not response.is_rendered:
        response.render()
