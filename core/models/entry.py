"""The way from a secret to its tenant, before any tenant is known."""

from __future__ import annotations

import hashlib
from functools import cache

from django.db import connection, models

from core.models.base import DatabaseNow
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

        By hand, since each webhook and each look at a payment page begins here: the ORM needs
        several times as long to build the statement as PostgreSQL to answer it.
        """
        with connection.cursor() as cursor:
            cursor.execute(_find_statement(), [cls.hash_secret(kind, secret), kind])
            row = cursor.fetchone()
        if row is None:
            return None
        own = _columns(cls)
        entry = cls.from_db(connection.alias, own, row[: len(own)])
        entry.tenant = Tenant.from_db(connection.alias, _columns(Tenant), row[len(own) :])
        return entry


@cache
def _find_statement() -> str:
    entry = ", ".join(f"entry.{name}" for name in _columns(Entry))
    tenant = ", ".join(f"tenant.{name}" for name in _columns(Tenant))
    return (
        f"SELECT {entry}, {tenant} FROM core_entry entry"  # noqa: S608 - names of ours
        " JOIN core_tenant tenant ON tenant.id = entry.tenant_id"
        " WHERE entry.secret_hash = %s AND entry.kind = %s"
    )


@cache
def _columns(model: type[models.Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]
