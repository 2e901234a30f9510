"""Tenants: a company starts to work with Taproom."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from core.models import Tenant, User
from core.money import Money

_PASSWORD_BYTES = 15


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant just made; `password` is the first admin's and cannot be read again."""

    tenant: Tenant
    admin: User
    password: str


def create_tenant(
    *, name: str, slug: str, time_zone: str, currency: str, admin_email: str
) -> NewTenant:
    """Make a tenant and its first admin, both or neither.

    Raises ValidationError with the fields of the tenant, `currency` and `admin_email`; a slug or
    an e-mail that exists is one of its reasons, so repeating a call makes nothing twice.
    """
    Money(0, currency)  # raises core.currencies.CurrencyRefused, a ValueError in words
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    with transaction.atomic():
        tenant = Tenant(name=name, slug=slug, time_zone=time_zone, default_currency=currency)
        tenant.full_clean(exclude=["id", "created_at", "updated_at", "is_active"])
        tenant.save()
        try:
            admin = User.objects.create_user(
                admin_email, password, tenant=tenant, role=User.Role.ADMIN
            )
        except ValidationError as error:
            raise ValidationError({"admin_email": error.messages}) from None
    return NewTenant(tenant=tenant, admin=admin, password=password)
