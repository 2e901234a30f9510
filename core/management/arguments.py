"""What the arguments of commands have in common."""

from __future__ import annotations

from uuid import UUID

from django.core.management.base import CommandError

from core.models import Tenant


def tenant_named(text: str) -> Tenant:
    """Return the tenant with this slug or id; raises CommandError that lists the slugs."""
    try:
        found = Tenant.objects.filter(pk=UUID(text)).first()
    except ValueError:
        found = Tenant.objects.filter(slug=text).first()
    if found is None:
        slugs = ", ".join(Tenant.objects.values_list("slug", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no tenant {text!r}. There are: {slugs}.")
    return found
