"""The audit log: who saw and did what with customers' details. Append-only."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from core.models.base import TenantRow


class AuditEntry(TenantRow):
    """One look at somebody's details, one export, one erasure. Never changed (a trigger).

    `who` keeps the name when the account is gone; `detail` holds figures and ids, never details.
    """

    class Verb(models.TextChoices):
        SAW = "saw", "Saw"
        EXPORTED = "exported", "Exported"
        ERASED = "erased", "Erased"
        CHANGED = "changed", "Changed"

    verb = models.CharField(max_length=8, choices=Verb)
    what = models.CharField(max_length=200)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    who = models.CharField(max_length=254)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="audit_newest"),
            models.Index(fields=["tenant", "object_type", "object_id"], name="audit_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.who} {self.get_verb_display().lower()} {self.what}"
