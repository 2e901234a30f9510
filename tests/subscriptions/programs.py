"""A program that calls the clubs API."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from core.models import Tenant
from core.operations.api_keys import make_api_key
from core.tenancy import scope

ALL = ("clubs:subscribe", "clubs:manage", "clubs:charge")


class Program:
    """Calls with an API key, or with other headers."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers
        self.client = Client(raise_request_exception=False)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body)
        return self.client.generic(
            method,
            path,
            raw,
            content_type="application/json",
            headers={**self.headers, **headers},
        )


def program(tenant: Tenant, *scopes: str) -> Program:
    """Return a program with a key of `tenant`, for everything unless scopes are named."""
    with scope(tenant.pk):
        made = make_api_key(name="Website", scopes=scopes or ALL, by=None)
    return Program({"Authorization": f"Api-Key {made.secret}"})


def listed(answer: Any) -> Any:
    """Return the JSON of an answer that comes in pieces."""
    if not answer.streaming:
        return answer.json()
    raw = b"".join(answer)
    assert answer["Content-Length"] == str(len(raw))
    return json.loads(raw)
