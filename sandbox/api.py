"""Answer API requests: who asks, which operation, once only, within limits, by the spec."""

import json
import logging
import re
import time
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox import accounts, forms, idempotency, ids, request_log, resources, timers, validation
from sandbox.books import Json, Origin
from sandbox.errors import StripeError, unrecognized_url
from sandbox.expand import expand
from sandbox.faults import Rule
from sandbox.limits import lock_timeout, too_many
from sandbox.parameters import read
from sandbox.routes import ANSWERS, Call
from sandbox.spec.document import API_VERSION, Operation, operations
from sandbox.state import Sandbox

log = logging.getLogger(__name__)
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")


class ConnectionDropped(ConnectionError):
    """A fault rule wants the connection closed without an answer."""


@dataclass
class Exchange:
    """One request and what is learnt about it on the way."""

    request: Request
    id: str = field(default_factory=lambda: ids.new("req"))
    account: str | None = None
    raw: Json = field(default_factory=dict)
    status: int | None = None
    fault: str | None = None
    original: str | None = None
    is_replayed: bool = False

    @property
    def key(self) -> str | None:
        """The idempotency key; only POST has one."""
        if self.request.method != "POST":
            return None
        return self.request.headers.get("Idempotency-Key") or None


@dataclass(frozen=True)
class Outcome:
    """A status and a body, ready to be kept or sent."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


class Router:
    """Finds the operation of a path. A literal path segment wins over an id."""

    def __init__(self) -> None:
        resources.load()
        known = operations()
        if known.keys() != ANSWERS.keys():
            odd = ", ".join(" ".join(pair) for pair in sorted(known.keys() ^ ANSWERS.keys()))
            raise RuntimeError(f"operations without answer, or not in the spec subset: {odd}")
        self._by_length: dict[tuple[str, int], list[tuple[list[str], Operation]]] = {}
        for operation in known.values():
            parts = operation.path.split("/")
            self._by_length.setdefault((operation.method, len(parts)), []).append(
                (parts, operation)
            )

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """Return the operation and the ids in the path. Raises StripeError (404)."""
        given = path.rstrip("/").split("/")
        for parts, operation in self._by_length.get((method, len(given)), ()):
            pairs = list(zip(parts, given, strict=True))
            if all(part == value or (part[:1] == "{" and value) for part, value in pairs):
                return operation, {p[1:-1]: value for p, value in pairs if p[:1] == "{"}
        raise unrecognized_url(method, path)


def secret_key(request: Request) -> str | None:
    """Return the key from Bearer or Basic authorization, or None."""
    given = request.authorization
    if given is None:
        return None
    return given.token if given.type == "bearer" else given.username


def parameters(request: Request) -> Json:
    """Return the undecoded parameters: the query of GET and DELETE, the form of POST.

    Raises StripeError (400) for a body that is no form.
    """
    pairs = list(request.args.items(multi=True))
    if request.method == "POST":
        if request.get_data() and request.mimetype not in FORMS:
            message = (
                "Invalid request (check that your POST content type is "
                "application/x-www-form-urlencoded). If you have any questions, we can help at "
                "https://support.stripe.com/."
            )
            raise StripeError(message)
        pairs += request.form.items(multi=True)
    return forms.decode(pairs)


class Api:
    """The part of the sandbox that stands in for Stripe's API."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._router = Router()

    def __call__(self, request: Request) -> Response:
        """Answer a request and write it to the log.

        Raises ConnectionDropped when a fault rule wants no answer.
        """
        exchange = Exchange(request)
        try:
            outcome = self._guarded(exchange)
            exchange.status = outcome.status
        finally:
            request_log.write(self._sandbox, exchange)
            self._sandbox.changed.set()
        return self._respond(exchange, outcome)

    def _guarded(self, exchange: Exchange) -> Outcome:
        try:
            return self._handle(exchange)
        except StripeError as error:
            return self._error(exchange, error)
        except ConnectionDropped:
            raise
        except Exception:
            log.exception("%s failed", exchange.id)
            return self._error(exchange, self._internal("the sandbox failed; see its log"))

    def _internal(self, message: str) -> StripeError:
        return StripeError(message, status=500, kind="api_error")

    def _error(self, exchange: Exchange, error: StripeError) -> Outcome:
        body = error.body(exchange.id, int(self._sandbox.clock.now()))
        return Outcome(error.status, json.dumps(body), error.headers)

    def _handle(self, exchange: Exchange) -> Outcome:
        request = exchange.request
        timers.run_due(self._sandbox)
        exchange.account = self._authenticate(request)
        operation, path_ids = self._router.find(request.method, request.path)
        exchange.raw = parameters(request)
        self._sandbox.limiter.check(exchange.account, operation.name)
        if exchange.key is not None:
            idempotency.check_length(exchange.key)
        written = None if request.method == "GET" else next(iter(path_ids.values()), None)
        with (
            self._sandbox.in_flight.claim(exchange.account, exchange.key),
            self._sandbox.busy.writing(exchange.account, written) as is_parallel,
        ):
            rule = self._sandbox.faults.for_request(
                request.method, request.path, operation.path, is_parallel=is_parallel
            )
            self._before(exchange, rule)
            outcome = self._once(exchange, operation, path_ids, rule)
        return self._after(outcome, rule)

    def _authenticate(self, request: Request) -> str:
        version = request.headers.get("Stripe-Version", API_VERSION)
        key = accounts.check_key(secret_key(request))
        with self._sandbox.store.transaction():
            own = accounts.of_key(self._sandbox.store, key, int(self._sandbox.clock.now()))
            named = request.headers.get("Stripe-Account")
            acting = accounts.acting(self._sandbox.store, own, named, key)
        if not VERSION.fullmatch(version):
            raise StripeError(f"Invalid Stripe API version: {version}")
        return acting.id

    def _before(self, exchange: Exchange, rule: Rule | None) -> None:
        if rule is None:
            return
        exchange.fault = rule.kind
        if rule.kind == "delay":
            time.sleep(rule.seconds)
        elif rule.kind == "rate_limit":
            raise too_many("global-rate", rule.retry_after, rule.should_retry)
        elif rule.kind == "concurrency_limit":
            raise too_many("endpoint-concurrency", rule.retry_after, rule.should_retry)
        elif rule.kind == "error_before":
            raise self._internal("An unknown error occurred")
        elif rule.kind == "drop_before":
            raise ConnectionDropped

    def _after(self, outcome: Outcome, rule: Rule | None) -> Outcome:
        if rule is not None and rule.kind == "lost_after":
            raise ConnectionDropped
        if rule is not None and rule.kind == "garbage":
            return Outcome(outcome.status, outcome.body[: len(outcome.body) // 2])
        return outcome

    def _once(
        self, exchange: Exchange, operation: Operation, path_ids: dict[str, str], rule: Rule | None
    ) -> Outcome:
        """Run an operation, or give again the answer that its idempotency key already has."""
        store, account, key = self._sandbox.store, exchange.account or "", exchange.key
        with store.transaction():
            now = int(self._sandbox.clock.now())
            if key is None:
                return self._run(exchange, operation, path_ids, rule)
            request = exchange.request
            mark = idempotency.fingerprint(request.method, request.path, exchange.raw)
            stored = idempotency.recall(store, account, key, mark, now)
            if stored is not None:
                exchange.is_replayed, exchange.original = True, stored.request_id
                return Outcome(stored.status, stored.body)
            outcome = self._run(exchange, operation, path_ids, rule)
            kept = idempotency.Stored(outcome.status, outcome.body, exchange.id)
            idempotency.keep(store, account, key, mark=mark, stored=kept, now=now)
            exchange.original = exchange.id
            return outcome

    def _run(
        self, exchange: Exchange, operation: Operation, path_ids: dict[str, str], rule: Rule | None
    ) -> Outcome:
        """Run an operation whose parameters are valid.

        Raises StripeError for parameters the spec does not allow: such an answer is not kept.
        """
        params = read(exchange.raw, operation.parameters)
        self._check(operation, "parameters", params)
        if rule is not None and rule.kind == "lock_timeout":
            return self._error(exchange, lock_timeout(rule.retry_after, rule.should_retry))
        expansions = params.pop("expand", [])
        origin = Origin(exchange.id, exchange.key)
        books = self._sandbox.books(exchange.account or "", origin)
        call = Call(books, params, path_ids, exchange.request.path.rstrip("/"))
        try:
            body = self._execute(operation, call, expansions)
        except StripeError as error:
            return self._error(exchange, error)
        if isinstance(body, StripeError):
            return self._error(exchange, body)
        if rule is not None and rule.kind == "error_after":
            return self._error(exchange, self._internal("An unknown error occurred"))
        return Outcome(200, json.dumps(body))

    def _execute(
        self, operation: Operation, call: Call, expansions: list[str]
    ) -> Json | StripeError:
        """Return the answer; its effects are undone by an error that does not keep them."""
        with self._sandbox.store.transaction():
            try:
                body = ANSWERS[operation.method, operation.path](call)
            except StripeError as error:
                if error.keeps_effects:
                    return error
                raise
            expand(call.books, body, expansions)
            self._check(operation, "answer", body)
            return body

    def _check(self, operation: Operation, part: str, value: Any) -> None:
        if self._sandbox.validate:
            breach = validation.violation(operation, part, value)
            if breach is not None:
                log.error("spec violation: %s", breach)
                raise self._internal(f"Sandbox bug, not as in Stripe's spec: {breach}")

    def _respond(self, exchange: Exchange, outcome: Outcome) -> Response:
        response = Response(outcome.body, outcome.status, mimetype="application/json")
        headers = {
            "Request-Id": exchange.id,
            "Stripe-Version": exchange.request.headers.get("Stripe-Version", API_VERSION),
            "Cache-Control": "no-cache, no-store",
            **outcome.headers,
        }
        if exchange.key is not None:
            headers["Idempotency-Key"] = exchange.key
        if exchange.original is not None:
            headers["Original-Request"] = exchange.original
        if exchange.is_replayed:
            headers["Idempotent-Replayed"] = "true"
        response.headers.update(headers)
        return response
