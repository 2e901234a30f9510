"""Deliveries as Stripe sends them, or as somebody sends them who would like to be Stripe."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import requests

SIGNED = object()
NO_HEADER = object()


def event(kind: str = "customer.updated", **changes: Any) -> dict[str, Any]:
    """Return an event about nothing that matters here; a change to `...` leaves a field out."""
    made = {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": "2026-08-26.dahlia",
        "created": int(time.time()),
        "data": {"object": {"id": f"cus_{secrets.token_hex(7)}", "object": "customer"}},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
        **changes,
    }
    return {name: value for name, value in made.items() if value is not ...}


def body_of(**changes: Any) -> bytes:
    """Return the body of an event."""
    return json.dumps(event(**changes)).encode()


def mark(body: bytes, secret: str, at: int) -> str:
    """Return what Stripe puts behind `v1=`."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def signature(body: bytes, *keys: str, age: float = 0) -> str:
    """Return Stripe's header for a body that was signed `age` seconds ago."""
    at = int(time.time() - age)
    return ",".join([f"t={at}", *(f"v1={mark(body, key, at)}" for key in keys)])


@dataclass
class Mailbox:
    """The address at which an account receives events, and the secret they are signed with."""

    url: str
    secret: str

    def post(self, body: bytes, header: Any = SIGNED, **headers: str) -> requests.Response:
        """Deliver a body, with the right signature unless something else is given as one."""
        sent: dict[str, Any] = {"Content-Type": "application/json", **headers}
        if header is not NO_HEADER:
            sent["Stripe-Signature"] = signature(body, self.secret) if header is SIGNED else header
        return requests.post(self.url, data=body, headers=sent, timeout=30)
