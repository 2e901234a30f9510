"""What /metrics shows about the books of all tenants together."""

from __future__ import annotations

from datetime import datetime

from billing.models import AuditReport
from core.observe import gauges


def violations(now: datetime) -> gauges.Reading:
    """Yield how many rows broke a promise at the last audit, 0 for sound books."""
    report = AuditReport.objects.first()
    if report is not None:
        yield (), sum(report.violations.values())


def hours_since_audit(now: datetime) -> gauges.Reading:
    """Yield how long ago the books were audited last."""
    report = AuditReport.objects.first()
    if report is not None:
        yield (), (now - report.ended_at).total_seconds() / 3600


gauges.register(
    "billing_audit_violations", "Rows that broke a promise at the last audit.", violations
)
gauges.register(
    "billing_audit_age_hours", "Hours since the books were audited.", hours_since_audit, join=max
)
