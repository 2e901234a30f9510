"""The shop: the only place that knows its HTTP.

`POST {SHOP_URL}/order/{request_id}` with the customer and the article bills the customer and sends
the order. The shop does nothing twice under one request id, so that asking again is safe; asking
under another one is not.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings
from django.db import connection

LONGEST_ANSWER = 64 * 1024
LONGEST_REASON = 400
CONNECT_SECONDS = 3.05
# From when the shop gives no hint.
RETRY_AFTER_SECONDS = 30

_sessions = threading.local()


class CallInsideTransaction(Exception):
    """A call to the shop was tried while a database transaction was open."""


class ShopUnavailable(Exception):
    """The shop was not reached, or turned the call away unread: certainly nothing happened."""

    def __init__(self, words: str, *, retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class NoCertainAnswer(Exception):
    """The shop may have made the order or not: ask again under the same request id."""


class ShopDeclined(Exception):
    """The customer could not be charged (402); the text is the shop's reason."""


class ShopRefused(Exception):
    """The shop made no order for another reason than money; the text is the shop's.

    `is_credentials`: our key or secret was refused, which says nothing about an earlier try.
    """

    def __init__(self, words: str, *, status: int) -> None:
        super().__init__(words)
        self.status = status
        self.is_credentials = status in (401, 403)


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of the shop, as it was frozen on the charge."""

    request_id: str
    customer_id: str
    sku_id: int


class Shop:
    """The shop, spoken to with one tenant's credentials."""

    def __init__(self, *, api_key: str, api_secret: str) -> None:
        self._headers = {"x-api-key": api_key, "x-api-secret": api_secret}

    def order(self, order: Order) -> dict[str, Any]:
        """Order, charge and send; returns the shop's answer (an object).

        Safe to repeat with the same order. Raises ShopUnavailable, NoCertainAnswer, ShopDeclined,
        ShopRefused, and CallInsideTransaction before anything is sent.
        """
        if connection.in_atomic_block:
            raise CallInsideTransaction("Leave the scope before calling the shop.")
        if not settings.SHOP_URL:
            raise ShopUnavailable("No shop is configured: set SHOP_URL.")
        url = f"{settings.SHOP_URL}/order/{quote(order.request_id, safe='')}"
        body = {"customer_id": order.customer_id, "sku_id": order.sku_id}
        status, raw, headers = self._post(url, body)
        return _understood(status, raw, headers)

    def _post(self, url: str, body: dict[str, Any]) -> tuple[int, bytes, Any]:
        deadline = time.monotonic() + settings.SHOP_TIMEOUT_SECONDS
        try:
            with _session().post(
                url,
                json=body,
                headers=self._headers,
                timeout=(CONNECT_SECONDS, settings.SHOP_TIMEOUT_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, _read(answer, deadline), answer.headers
        except requests.ConnectTimeout as error:
            raise ShopUnavailable("The shop did not take the connection in time.") from error
        except requests.ConnectionError as error:
            if _was_never_sent(error):
                raise ShopUnavailable("The shop could not be reached.") from error
            raise NoCertainAnswer("The connection to the shop broke before its answer.") from error
        except requests.RequestException as error:
            raise NoCertainAnswer("The shop did not answer in time.") from error


def _session() -> requests.Session:
    """Return this thread's session, whose connection stays open from call to call."""
    session = getattr(_sessions, "session", None)
    if session is None:
        session = requests.Session()
        session.trust_env = False  # neither proxies nor .netrc: secrets go to the shop alone
        _sessions.session = session
    return session


def _was_never_sent(error: requests.ConnectionError) -> bool:
    """Return whether no connection was made, so that the shop cannot have read anything."""
    names = {type(cause).__name__ for cause in _causes(error)}
    return bool(names & {"NewConnectionError", "NameResolutionError", "ConnectionRefusedError"})


def _causes(error: BaseException) -> list[BaseException]:
    """Return what led to an error: its arguments, their `reason`, and so on, a few steps deep."""
    found: list[BaseException] = []
    queue: list[Any] = [error]
    while queue and len(found) < 20:
        one = queue.pop()
        if isinstance(one, BaseException):
            found.append(one)
            queue += [*one.args, getattr(one, "reason", None), one.__cause__]
    return found


def _read(answer: requests.Response, deadline: float) -> bytes:
    """Return the body, if it comes whole, in time, and is no larger than an answer can be."""
    raw = b""
    for piece in answer.iter_content(8192):
        raw += piece
        if len(raw) > LONGEST_ANSWER or time.monotonic() > deadline:
            raise NoCertainAnswer("The shop's answer was too long or came too slowly.")
    return raw


def _understood(status: int, raw: bytes, headers: Any) -> dict[str, Any]:
    """Return the answer to a made order; raises what any other answer means."""
    said = _object(raw)
    if status == 429:
        words = "The shop takes no more orders at the moment."
        raise ShopUnavailable(words, retry_after=_seconds(headers.get("Retry-After")))
    if status == 402:
        raise ShopDeclined(_reason(said) or "The shop gave no reason.")
    # 408 and 409 say that a call is, or was, under way; 425 to come again.
    if 400 <= status < 500 and status not in (408, 409, 425):
        raise ShopRefused(_reason(said) or f"The shop answered {status}.", status=status)
    if not 200 <= status < 300:
        raise NoCertainAnswer(f"The shop answered {status}, which does not tell what it did.")
    if said is None:
        raise NoCertainAnswer("The shop's answer could not be read.")
    return said


def _object(raw: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a body, None for anything else or what cannot be stored."""
    try:
        said = json.loads(raw)
        json.dumps(said, allow_nan=False)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and "\\u0000" not in json.dumps(said) else None


def _reason(said: dict[str, Any] | None) -> str:
    """Return the words of a refusal, wherever the shop has put them."""
    for name in ("reason", "message", "detail", "error"):
        words = (said or {}).get(name)
        if isinstance(words, str) and words.strip():
            return " ".join(words.split())[:LONGEST_REASON]
    return ""


def _seconds(text: str | None) -> int:
    try:
        return min(max(1, int(text or "")), 3600)
    except ValueError:
        return RETRY_AFTER_SECONDS
