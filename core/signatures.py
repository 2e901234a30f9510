"""Signatures of outgoing webhooks, as Standard Webhooks has them.

Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Webhook Headers (sending
metadata to consumers)", "Webhook signatures" and "Secret generation": the signed content is
`id.timestamp.body`, the symmetric scheme `v1` is HMAC-SHA256 in base64, a secret is 24 to 64 random
bytes in base64 after `whsec_`, and several signatures are separated by spaces.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix, not a secret
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a new secret: `whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(secret: str, *, reference: str, timestamp: int, body: bytes) -> str:
    """Return `v1,<base64>` over `reference.timestamp.body` with a secret of `new_secret`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    content = f"{reference}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def signed_headers(
    secrets_in_use: Iterable[str], *, reference: str, now: datetime, body: bytes
) -> dict[str, str]:
    """Return the three headers of a try; its timestamp is that of the try, not of the event."""
    timestamp = int(now.timestamp())
    made = (
        signature(secret, reference=reference, timestamp=timestamp, body=body)
        for secret in secrets_in_use
    )
    return {
        "webhook-id": reference,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(made),
    }
