"""Look at a company's books every night, and remember what was found."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from billing.models import AuditReport
from billing.queries.audit import audit, failed
from core.tenancy import scope

log = structlog.get_logger(__name__)

KEPT_FOR = timedelta(days=90)


def audit_books(*, tenant_id: UUID, now: datetime) -> AuditReport:
    """Check every promise on a company's rows and keep the report; old ones go. Safe to repeat."""
    began = time.monotonic()
    with scope(tenant_id):
        results = list(audit())
        report = AuditReport.objects.create(
            tenant_id=tenant_id,
            ended_at=now,
            seconds=round(time.monotonic() - began, 3),
            checks=len(results),
            violations={r.check.name: r.count for r in results if not r.is_kept},
        )
        AuditReport.objects.filter(ended_at__lt=now - KEPT_FOR).delete()
    for result in results:
        if not result.is_kept:
            ids = [finding.id for finding in result.findings]
            log.error("audit_found", check=result.check.name, count=result.count, ids=ids)
    log.info("books_audited", violations=failed(results), seconds=report.seconds)
    return report
