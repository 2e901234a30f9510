"""Endpoints of outgoing webhooks: made, changed, their secret replaced, removed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from core.invalid import FieldsInvalid, WrongField, wrong_texts
from core.models import WebhookEndpoint
from core.models.webhook import LONGEST_URL
from core.operations.outgoing import wrong_event_types
from core.outside_http import AddressRefused, check_url
from core.signatures import new_secret
from core.tenancy import current

# For this long a replaced secret signs beside the new one.
FORMER_SECRET_SIGNS_FOR = timedelta(hours=24)
MOST_ENDPOINTS = 20
_LONGEST = {"url": LONGEST_URL, "description": 200}


class TooManyEndpoints(Exception):
    """A company has as many endpoints as it may have."""


def make_endpoint(
    *, url: str, event_types: list[str] | None = None, description: str = ""
) -> WebhookEndpoint:
    """Make an endpoint of the company in scope; its `secret` is read from the row.

    Raises FieldsInvalid for an address that may not be called, that is taken, or an unknown
    type, TooManyEndpoints.
    """
    fields = {"url": url, "event_types": _sorted(event_types), "description": description}
    _check(fields)
    if WebhookEndpoint.objects.count() >= MOST_ENDPOINTS:
        raise TooManyEndpoints(f"There are {MOST_ENDPOINTS} endpoints; delete one first.")
    endpoint = WebhookEndpoint(tenant_id=current().tenant_id, secret=new_secret(), **fields)
    return _saved(endpoint)


def change_endpoint(*, endpoint_id: UUID, changes: Mapping[str, Any]) -> WebhookEndpoint:
    """Change `url`, `event_types`, `description` or `is_active`; counts the version up. In scope.

    Switched on again it begins without a history of failures. Raises FieldsInvalid.
    """
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    fields = dict(changes)
    if "event_types" in fields:
        fields["event_types"] = _sorted(fields["event_types"])
    _check(fields)
    for name, value in fields.items():
        setattr(endpoint, name, value)
    if fields.get("is_active"):
        endpoint.failing_since, endpoint.off_reason = None, ""
    endpoint.version += 1
    return _saved(endpoint)


def roll_secret(*, endpoint_id: UUID, now: datetime) -> WebhookEndpoint:
    """Give an endpoint a new secret; for a day both sign, so that no event is refused. In scope.

    Not repeatable: each call makes another secret, and the one before the last stops at once.
    """
    endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
    endpoint.former_secret = endpoint.secret
    endpoint.former_secret_until = now + FORMER_SECRET_SIGNS_FOR
    endpoint.secret = new_secret()
    endpoint.version += 1
    endpoint.save()
    return endpoint


def delete_endpoint(*, endpoint_id: UUID) -> None:
    """Delete an endpoint with the log of what was sent to it. In scope."""
    WebhookEndpoint.objects.get(pk=endpoint_id).delete()


def _sorted(names: list[str] | None) -> list[str]:
    return sorted(set(names or []))


def _check(fields: Mapping[str, Any]) -> None:
    texts = {name: fields[name] for name in _LONGEST if name in fields}
    wrong = [*wrong_texts(texts, _LONGEST), *wrong_event_types(fields.get("event_types") or [])]
    if "url" in fields and not wrong:
        try:
            check_url(fields["url"])
        except AddressRefused as error:
            wrong.append(WrongField("url", "address_refused", str(error)))
    if wrong:
        raise FieldsInvalid(*wrong)


def _saved(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    try:
        with transaction.atomic():
            endpoint.save()
    except IntegrityError as error:
        if "webhook_url_once" not in str(error):
            raise
        words = "There is an endpoint with this address already."
        raise FieldsInvalid(WrongField("url", "taken", words)) from error
    return endpoint
