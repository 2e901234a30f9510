"""Fill dj-stripe's tables from verified payloads, without a single call to Stripe.

dj-stripe follows relations by asking Stripe for each of them. Here its requests meet a transport
that answers "no such object", upon which it leaves the relation out; and a placeholder key leads
it to the account that owns the objects. Payers' details do not enter the mirror: they lie in our
own rows, encrypted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import stripe
from djstripe import models as mirrored
from djstripe.enums import APIKeyType

from payments.models import StripeAccount

MIRRORED: dict[str, Any] = {
    "charge": mirrored.Charge,
    "checkout.session": mirrored.Session,
    "customer": mirrored.Customer,
    "dispute": mirrored.Dispute,
    "invoice": mirrored.Invoice,
    "payment_intent": mirrored.PaymentIntent,
    "price": mirrored.Price,
    "product": mirrored.Product,
    "refund": mirrored.Refund,
    "subscription": mirrored.Subscription,
    "transfer": mirrored.Transfer,
}

PERSONAL = {
    "billing_details",
    "customer_details",
    "customer_email",
    "collected_information",
    "fingerprint",
    "last_payment_error",
    "payment_method_details",
    "receipt_email",
    "receipt_url",
    "shipping",
}

_NOT_THERE = json.dumps(
    {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "offline"}}
)


class _Offline(stripe.HTTPClient):
    """Answers every request with "no such object"."""

    name = "offline"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """Answer without a network."""
        return _NOT_THERE, 404, {"content-type": "application/json"}

    def close(self) -> None:
        """Hold nothing that could be closed."""


# dj-stripe uses the SDK's global client; the gateway's clients have a transport of their own.
stripe.default_http_client = _Offline()


def mirror_object(account: StripeAccount, data: dict[str, Any]) -> bool:
    """Copy one of Stripe's objects into the mirror; False for a type without one. In scope."""
    model = MIRRORED.get(data.get("object", ""))
    if model is None:
        return False
    key = _placeholder_key(account)
    made = stripe.StripeObject.construct_from(without_personal_data(data), key)
    model.sync_from_stripe_data(made, api_key=key)
    return True


def without_personal_data(data: Any) -> Any:
    """Return a copy in which the fields that describe a person are null."""
    if isinstance(data, dict):
        return {
            key: None if key in PERSONAL else without_personal_data(value)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [without_personal_data(value) for value in data]
    return data


def _placeholder_key(account: StripeAccount) -> str:
    """Return a key that opens nothing and by which dj-stripe finds the owner of objects."""
    mode = "live" if account.livemode else "test"
    digest = hashlib.sha256(f"{account.pk}".encode()).hexdigest()
    key = f"sk_{mode}_{digest[:32]}"
    owner, _ = mirrored.Account.objects.get_or_create(
        id=account.stripe_account_id,
        defaults={"livemode": account.livemode, "stripe_data": {"id": account.stripe_account_id}},
    )
    mirrored.APIKey.objects.get_or_create(
        secret=key,
        defaults={
            "id": f"placeholder_{digest[:24]}",
            "type": APIKeyType.secret,
            "livemode": account.livemode,
            "djstripe_owner_account": owner,
            "name": "Placeholder of the offline mirror; opens nothing",
        },
    )
    return key
