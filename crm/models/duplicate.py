"""Pairs of leads that somebody looked at and found to be two people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.models import TenantRow
from crm.models.lead import Lead


class NotDuplicate(TenantRow):
    """Two leads that look alike and are not the same person; the smaller id is `first`."""

    first = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        db_table_comment = "Pairs of leads that look alike and are two people."
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "first", "second"], name="not_duplicate_once_per_pair"
            ),
            models.CheckConstraint(
                name="not_duplicate_in_order", condition=Q(first__lt=F("second"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} and {self.second} are two people"
