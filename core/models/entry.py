"""The way from a secret to its tenant, before any tenant is known."""

from __future__ import annotations

import hashlib
from functools import cache

from django.db import models

from core.models.base import DatabaseNow
from core.models.by_hand import ByHand, fetch_one
from core.models.tenant import Tenant


class Entry(models.Model):
    """Maps the SHA-256 of a public secret to the tenant and the row that it opens.

    One of the few tables that are readable without a tenant: an API key, a payment page's token
    and a webhook's address must be found first. It holds nothing else; writing it is still bound
    to the tenant in scope (core.rls).
    """

    class Kind(models.TextChoices):
        API_KEY = "api_key"
        PAYMENT_LINK = "payment_link"
        WEBHOOK = "webhook"
        APPLICATION_FEE = "application_fee"
        CALENDAR_FEED = "calendar_feed"
        USAGE_PORTAL = "usage_portal"
        RECEIPT = "receipt"
        LINK_RECIPIENT = "link_recipient"

    secret_hash = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=16, choices=Kind)
    tenant = models.ForeignKey("core.Tenant", on_delete=models.CASCADE, related_name="+")
    target_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=DatabaseNow(), editable=False)

    class Meta:
        verbose_name_plural = "entries"
        indexes = [models.Index(fields=["kind", "target_id"], name="entry_by_target")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target_id}"

    @staticmethod
    def hash_secret(kind: str, secret: str) -> str:
        """Return the hex SHA-256 under which a secret of this kind is kept."""
        return hashlib.sha256(f"{kind}:{secret}".encode()).hexdigest()

    @classmethod
    def find(cls, kind: str, secret: str) -> Entry | None:
        """Return the entry of a secret with its tenant, or None. Needs no scope.

        By hand, since each webhook and each look at a payment page begins here.
        """
        found = fetch_one(_find_statement(), [cls.hash_secret(kind, secret), kind])
        if found is None:
            return None
        entry = _ENTRY.row(found)
        entry.tenant = _TENANT.row(_ENTRY.rest(found))
        return entry


_ENTRY, _TENANT = ByHand(Entry), ByHand(Tenant)


@cache
def _find_statement() -> str:
    return (
        f"SELECT {_ENTRY.columns('entry')}, {_TENANT.columns('tenant')}"  # noqa: S608 - ours
        " FROM core_entry entry JOIN core_tenant tenant ON tenant.id = entry.tenant_id"
        " WHERE entry.secret_hash = %s AND entry.kind = %s"
    )
