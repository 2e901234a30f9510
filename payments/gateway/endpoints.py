"""Calls to Stripe for webhook endpoints, and what its answers say about versions and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import stripe
from django.conf import settings

from payments.gateway.connection import Connection
from payments.gateway.errors import StripeUnavailable

API_VERSION: str = stripe.api_version


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointFacts:
    """A webhook endpoint at Stripe. `secret` is known in the answer that makes it alone."""

    endpoint_id: str
    url: str
    types: frozenset[str]
    api_version: str
    is_enabled: bool
    secret: str = ""

    def lacks(self, types: list[str]) -> list[str]:
        """Return which of these types it does not send."""
        return [] if "*" in self.types else [name for name in types if name not in self.types]


def endpoint_facts(endpoint: dict[str, Any]) -> EndpointFacts:
    """Read a webhook endpoint."""
    return EndpointFacts(
        endpoint_id=endpoint["id"],
        url=endpoint["url"],
        types=frozenset(endpoint["enabled_events"]),
        api_version=str(endpoint.get("api_version") or ""),
        is_enabled=endpoint["status"] == "enabled",
        secret=str(endpoint.get("secret") or ""),
    )


class Endpoints(Connection):
    """Webhook endpoints of one account."""

    def list_endpoints(self) -> list[EndpointFacts]:
        """Return all endpoints, newest first."""
        pages = self._pages(
            "webhook_endpoints.list",
            lambda params: self._stripe.v1.webhook_endpoints.list(params=params),  # type: ignore[arg-type]
            {"limit": 100},
        )
        return [endpoint_facts(endpoint) for endpoint in pages]

    def make_endpoint(self, *, url: str, types: list[str], key: str) -> EndpointFacts:
        """Make an endpoint of our API version; the same key finds the same one, secret and all."""
        params: Any = {"url": url, "enabled_events": types, "api_version": API_VERSION}
        return endpoint_facts(
            self._call(
                "webhook_endpoints.create",
                lambda: self._stripe.v1.webhook_endpoints.create(
                    params=params, options={"idempotency_key": key}
                ),
            )
        )

    def change_endpoint(self, endpoint_id: str, *, types: list[str]) -> EndpointFacts:
        """Have an endpoint send exactly these types, and switch it on. Repeating is safe."""
        params: Any = {"enabled_events": types, "disabled": False}
        return endpoint_facts(
            self._call(
                "webhook_endpoints.update",
                lambda: self._stripe.v1.webhook_endpoints.update(endpoint_id, params=params),
            )
        )

    def delete_endpoint(self, endpoint_id: str) -> None:
        """Delete an endpoint; StripeRefused (404) when it is gone."""
        self._call(
            "webhook_endpoints.delete",
            lambda: self._stripe.v1.webhook_endpoints.delete(endpoint_id),
        )


def stripe_time(*, seconds: float) -> datetime:
    """Return what Stripe's clock says, from the Date header of any answer, without a key.

    Raises StripeUnavailable when nothing comes within `seconds`, or no date with it.
    """
    try:
        answer = requests.get(settings.STRIPE_API_BASE + "/v1", timeout=seconds)
        return parsedate_to_datetime(answer.headers["Date"])
    except (requests.RequestException, KeyError, ValueError) as error:
        raise StripeUnavailable(f"Stripe did not answer ({type(error).__name__}).") from None
