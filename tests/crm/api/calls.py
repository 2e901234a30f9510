"""Callers of the CRM's API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from core.models import Tenant, User
from core.operations.api_keys import make_api_key
from core.operations.tokens import issue_tokens
from core.tenancy import scope

EVERYTHING = (
    "leads:read",
    "leads:write",
    "stages:write",
    "tasks:read",
    "tasks:write",
    "tasks:manage",
)


class Api:
    """Somebody who calls the API."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return Client(raise_request_exception=False).generic(
            method,
            f"/api/{path}",
            body if isinstance(body, bytes) else _json(body),
            content_type="application/json",
            headers={**self.headers, **headers},
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("PATCH", path, body, **headers)

    def ids(self, path: str) -> list[str]:
        """The ids that a list shows on its first page."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["items"]]


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def person(user: User) -> Api:
    """A person with their token."""
    return Api({"Authorization": f"Bearer {issue_tokens(user=user).access}"})


def program(tenant: Tenant, *scopes: str) -> Api:
    """A program with a key."""
    with scope(tenant.pk):
        made = make_api_key(name="Test", scopes=scopes or EVERYTHING, by=None)
    return Api({"Authorization": f"Api-Key {made.secret}"})


def in_days(days: float) -> str:
    """A moment some days from now, as programs write it."""
    return (timezone.now() + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pointers(answer: Any) -> list[str]:
    """Where a refused body is wrong."""
    return [error.get("pointer") or error.get("parameter") for error in answer.json()["errors"]]
