"""The secret address at which an organization sees what it owes."""

from __future__ import annotations

import secrets
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from billing.models import Organization
from core.models import Entry

TOKEN_BYTES = 24


def portal_url(organization: Organization) -> str:
    """Return the address of an organization's portal, making one when it has none yet.

    In scope. Repeating returns the same address, also from several callers at once.
    """
    if not organization.portal_token:
        locked = Organization.objects.select_for_update().get(pk=organization.pk)
        if not locked.portal_token:
            _give_token(locked)
        organization.portal_token = locked.portal_token
    return address_of(organization)


def roll_portal_address(*, organization_id: UUID) -> Organization:
    """Give the portal a new address; the old one leads nowhere from now on.

    In scope. Each call makes another address. Raises Organization.DoesNotExist.
    """
    organization = Organization.objects.select_for_update().get(pk=organization_id)
    if organization.portal_token:
        Entry.objects.filter(pk=_hash(organization.portal_token)).delete()
    _give_token(organization)
    return organization


def address_of(organization: Organization) -> str:
    """Return the address that a token makes."""
    return f"{settings.PUBLIC_URL}{reverse('portal', args=[organization.portal_token])}"


def _give_token(organization: Organization) -> None:
    organization.portal_token = secrets.token_urlsafe(TOKEN_BYTES)
    organization.save(update_fields=["portal_token"])
    Entry.objects.create(
        secret_hash=_hash(organization.portal_token),
        kind=Entry.Kind.USAGE_PORTAL,
        tenant_id=organization.tenant_id,
        target_id=organization.pk,
    )


def _hash(token: str) -> str:
    return Entry.hash_secret(Entry.Kind.USAGE_PORTAL, token)
