"""Who is asking: a person with a bearer token, or a program with an API key.

Whatever is wrong with credentials, the answer is the same 401, so that nobody learns what exists.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from uuid import UUID

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core.api.caller import Caller
from core.api.problems import CHALLENGE, Problem
from core.models import ApiKey, Tenant, User
from core.operations.api_keys import use_api_key
from core.operations.tokens import TokenRefused, read_access_token

# One scheme, blanks, one token of visible ASCII (RFC 9110, section 11.4; RFC 6750, section 2.1).
_AUTHORIZATION = re.compile(r"([A-Za-z-]{1,20}) +([!-~]{1,4096}) *")


def credentials_of(request: Request, scheme: str) -> str | None:
    """Return what `Authorization` holds for a scheme, or None if it names another one.

    Schemes are compared without regard to case. Raises AuthenticationFailed for a header that
    cannot be read or names a scheme that is not taken here.
    """
    header = request.META.get("HTTP_AUTHORIZATION")
    if header is None:
        return None
    match = _AUTHORIZATION.fullmatch(header)
    if match is None or match[1].lower() not in {"bearer", "api-key"}:
        raise AuthenticationFailed
    return match[2] if match[1].lower() == scheme else None


class TaproomAuthentication(BaseAuthentication):
    """What both ways share."""

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of the 401, which names both schemes."""
        return CHALLENGE


class BearerAuthentication(TaproomAuthentication):
    """`Authorization: Bearer <access token>` from /api/token/."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        """Return the user and the Caller, None without a bearer token; one query."""
        raw = credentials_of(request, "bearer")
        if raw is None:
            return None
        try:
            user = read_access_token(raw)
        except TokenRefused:
            raise AuthenticationFailed from None
        return user, Caller(tenant=_tenant_to_work_in(request, user), user=user)


class ApiKeyAuthentication(TaproomAuthentication):
    """`Authorization: Api-Key tap_...`."""

    def authenticate(self, request: Request) -> tuple[ApiKey, Caller] | None:
        """Return the key and the Caller, None without a key."""
        secret = credentials_of(request, "api-key")
        if secret is None:
            return None
        found = use_api_key(secret=secret, now=timezone.now())
        if found is None:
            raise AuthenticationFailed
        key, tenant = found
        _refuse_other_tenant(request, tenant)
        return key, Caller(tenant=tenant, api_key=key)


def _tenant_to_work_in(request: Request, user: User) -> Tenant | None:
    if user.tenant is not None:
        _refuse_other_tenant(request, user.tenant)
        return user.tenant
    named = request.META.get("HTTP_TAPROOM_TENANT")
    return _named_tenant(named) if named else None


def _named_tenant(named: str) -> Tenant:
    """Return the tenant a platform operator asked for; raises a Problem (403) for none such."""
    tenant = next((t for t in _tenants_called(named)), None)
    if tenant is None:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "tenant_unknown",
            "`Taproom-Tenant` names no active tenant. Give its id or its slug.",
        )
    return tenant


def _tenants_called(named: str) -> list[Tenant]:
    active = Tenant.objects.filter(is_active=True)
    try:
        return list(active.filter(pk=UUID(named)))
    except ValueError:
        return list(active.filter(slug=named)) if "\0" not in named else []


def _refuse_other_tenant(request: Request, tenant: Tenant) -> None:
    """Refuse a request that means another tenant than its credentials open."""
    named = request.META.get("HTTP_TAPROOM_TENANT")
    if named and named not in {str(tenant.pk), tenant.slug}:
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "tenant_not_yours",
            "`Taproom-Tenant` names another tenant than these credentials open. Leave it out.",
        )
