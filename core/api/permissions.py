"""Who may do what: the view names a scope for each method, the caller must hold it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.api.caller import Caller
from core.api.problems import Problem

if TYPE_CHECKING:  # REST framework imports this module while it makes its own view class
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Let a caller through who works in a tenant and holds the scope of the method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return True, or raise NotAuthenticated (401) or a Problem (403) that says why."""
        caller = request.auth
        if not isinstance(caller, Caller):
            raise NotAuthenticated
        if caller.tenant is None:
            raise Problem(HTTPStatus.FORBIDDEN, "tenant_missing", _PICK_A_TENANT)
        needed = required_scope(view, request.method or "GET")
        if needed is not None and needed not in caller.scopes:
            raise Problem(HTTPStatus.FORBIDDEN, "scope_missing", _refusal(caller, needed))
        return True


def required_scope(view: APIView, method: str) -> str | None:
    """Return the scope a method needs; None if the view has no such method (405 follows).

    Raises ImproperlyConfigured for a method that nobody named a scope for: it stays shut.
    """
    if method.lower() not in view.http_method_names or not hasattr(view, method.lower()):
        return None
    table: dict[str, str] = getattr(view, "required_scopes", {})
    try:
        return table["GET" if method == "HEAD" else method]
    except KeyError:
        raise ImproperlyConfigured(
            f"{type(view).__name__}.required_scopes names no scope for {method}"
        ) from None


def _refusal(caller: Caller, needed: str) -> str:
    if caller.api_key is not None:
        return f"This API key does not hold the scope {needed}. Use a key that does."
    return f"Your role ({caller.role}) does not hold the scope {needed}. Ask an admin."


_PICK_A_TENANT = (
    "A platform operator belongs to no tenant. "
    "Say in which one to work: `Taproom-Tenant: <id or slug>`."
)
