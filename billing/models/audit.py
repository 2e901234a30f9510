"""What the nightly audit found."""

from __future__ import annotations

from django.db import models

from core.models import TenantRow


class AuditReport(TenantRow):
    """One audit of a company's books: how long it took, and what broke which promise.

    `violations`: name of the check to how many rows break it; empty when all promises are kept.
    """

    ended_at = models.DateTimeField()
    seconds = models.FloatField()
    checks = models.PositiveIntegerField()
    violations = models.JSONField(default=dict)

    class Meta:
        ordering = ["-ended_at"]
        constraints = [
            models.CheckConstraint(
                name="audit_report_took_time", condition=models.Q(seconds__gte=0)
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-ended_at"], name="audit_report_newest")]

    def __str__(self) -> str:
        return f"{self.ended_at}: {sum(self.violations.values())}"
