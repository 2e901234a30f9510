"""API keys: made, found, used, revoked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from core import scopes as api_scopes
from core import tenancy
from core.models import ApiKey, Entry, Tenant, User

_PREFIX_BYTES = 4
_SECRET_BYTES = 24
# A write with each request would make one row the bottleneck of a busy program.
_USE_IS_NOTED_EVERY = timedelta(minutes=1)


class UnknownScopes(ValueError):
    """A key was asked to hold scopes that do not exist."""


class KeyAlreadyRevoked(Exception):
    """The key was revoked before."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `secret` is what the program sends and cannot be read again."""

    row: ApiKey
    secret: str


def make_api_key(
    *,
    name: str,
    scopes: Sequence[str],
    by: User | None,
    expires_at: datetime | None = None,
) -> NewKey:
    """Make a key for the tenant in scope and return it with its secret, once.

    Raises UnknownScopes. Not repeatable: each call makes another key.
    """
    unknown = sorted(set(scopes) - {scope.name for scope in api_scopes.known()})
    if unknown or not scopes:
        raise UnknownScopes(_which_scopes(unknown))
    tenant_id = tenancy.current().tenant_id
    prefix = secrets.token_hex(_PREFIX_BYTES)
    secret = f"tap_{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    row = ApiKey.objects.create(
        tenant_id=tenant_id,
        name=name,
        prefix=prefix,
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        created_by=by,
    )
    Entry.objects.create(
        secret_hash=Entry.hash_secret(Entry.Kind.API_KEY, secret),
        kind=Entry.Kind.API_KEY,
        tenant_id=tenant_id,
        target_id=row.pk,
    )
    return NewKey(row=row, secret=secret)


def _which_scopes(unknown: Sequence[str]) -> str:
    known = ", ".join(scope.name for scope in api_scopes.known())
    asked = f"Unknown scopes: {', '.join(unknown)}." if unknown else "A key needs a scope."
    return f"{asked} There are: {known}."


def revoke_api_key(*, key: ApiKey, now: datetime) -> None:
    """Shut a key of the tenant in scope for good; the next request with it is refused.

    Raises KeyAlreadyRevoked, so that two people do not both believe they did it.
    """
    if not ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        raise KeyAlreadyRevoked(f"{key.name} was revoked before; nothing was changed.")
    Entry.objects.filter(kind=Entry.Kind.API_KEY, target_id=key.pk).delete()
    key.revoked_at = now


def use_api_key(*, secret: str, now: datetime) -> tuple[ApiKey, Tenant] | None:
    """Return the key and tenant that `secret` opens, or None: unknown, expired, revoked alike.

    Opens its own scope, since the tenant is what is being found. Notes the use at most once a
    minute.
    """
    entry = Entry.find(Entry.Kind.API_KEY, secret)
    if entry is None:
        return None
    with tenancy.scope(entry.tenant_id):
        key = ApiKey.objects.select_related("tenant").filter(pk=entry.target_id).first()
        if key is None or not key.is_usable(now=now) or not key.tenant.is_active:
            return None
        _note_use(key, now)
    return key, key.tenant


def _note_use(key: ApiKey, now: datetime) -> None:
    before = now - _USE_IS_NOTED_EVERY
    if key.last_used_at is not None and key.last_used_at > before:
        return
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=before), pk=key.pk).update(
        last_used_at=now
    )
