"""Imports: which dumps were read, and what they were like."""

from __future__ import annotations

from django.db import models

from core.models import TenantRow


class LeaseImport(TenantRow):
    """One dump that was taken in, whole.

    `columns` says by which names of its own the dump calls its tables and columns, as the
    write-back needs them: {"users": {"table": "users", "id": "id", "stripe_customer_id": ...}}.
    `counts` is table -> new, changed, same, refused; `findings` is rule -> rows it touched.
    """

    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    columns = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    findings = models.JSONField(default=dict)
    imported_at = models.DateTimeField()

    class Meta:
        ordering = ["-imported_at", "-id"]
        indexes = [models.Index(fields=["tenant", "-imported_at"], name="lease_import_newest")]

    def __str__(self) -> str:
        return self.file_name
