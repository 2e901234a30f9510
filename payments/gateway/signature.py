"""Verify that an event comes from Stripe and is fresh."""

from __future__ import annotations

from datetime import datetime

import stripe

TOLERANCE_SECONDS = 300


class BadSignature(Exception):
    """The event is not signed with a secret of this account, or not in our time."""


def verify_signature(body: bytes, header: str, *, secrets: list[str], now: datetime) -> None:
    """Raise BadSignature unless `body` was signed with one of `secrets` within five minutes.

    `secrets` are newest first; two are valid while one is being rolled. A time in the future is
    refused like an old one: the SDK only looks back. Source: Stripe, "Webhooks: verify manually".
    """
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body, header, secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            continue
        return _demand_fresh(header, now)
    raise BadSignature("no secret of this account made the signature")


def _demand_fresh(header: str, now: datetime) -> None:
    times = [part[2:] for part in header.split(",") if part.startswith("t=")]
    if len(times) != 1 or abs(now.timestamp() - int(times[0])) > TOLERANCE_SECONDS:
        raise BadSignature(f"signed more than {TOLERANCE_SECONDS} s away from now")
