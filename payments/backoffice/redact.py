"""Blot out who paid in what is shown of Stripe's payloads."""

from __future__ import annotations

from typing import Any, Final

BLOT: Final = "(hidden)"

# Everything under these, whatever it is.
_SUBTREES: Final = frozenset(
    {
        "billing_details", "collected_information", "customer_details", "owner", "shipping",
        "shipping_details",
    }
)  # fmt: skip
# These where they are text.
_VALUES: Final = frozenset(
    {
        "address", "client_secret", "customer_email", "customer_name", "email", "fingerprint",
        "iban", "ip", "name", "phone", "receipt_email", "receipt_url", "verified_name",
    }
)  # fmt: skip


def without_payer(value: Any) -> Any:
    """Return a copy of a payload in which nobody can be recognised."""
    if isinstance(value, dict):
        return {key: _blotted(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_payer(inner) for inner in value]
    return value


def _blotted(key: str, value: Any) -> Any:
    if value and (key in _SUBTREES or (key in _VALUES and not isinstance(value, bool))):
        return BLOT
    return without_payer(value)
