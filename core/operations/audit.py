"""Keep who saw and did what with customers' details."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from core.models import AuditEntry, User
from core.tenancy import current


def saw(row: Model, what: str, *, by: User) -> AuditEntry:
    """Keep that somebody saw a customer's details on the page of a row. In scope."""
    return keep(AuditEntry.Verb.SAW, what, by=by, row=row)


def exported(what: str, *, by: User, rows: int, **detail: Any) -> AuditEntry:
    """Keep that somebody took a list of rows out. In scope."""
    return keep(AuditEntry.Verb.EXPORTED, what, by=by, detail={"rows": rows, **detail})


def keep(
    verb: AuditEntry.Verb,
    what: str,
    *,
    by: User | None,
    row: Model | None = None,
    detail: dict[str, Any] | None = None,
) -> AuditEntry:
    """Write one line of the audit log, which nobody changes. In scope; each call is a line.

    `detail` holds figures and ids that JSON can take, and never a customer's details.
    """
    return AuditEntry.objects.create(
        tenant_id=current().tenant_id,
        verb=verb,
        what=what[:200],
        object_type=row._meta.label if row is not None else "",
        object_id=str(row.pk) if row is not None else "",
        who=str(by) if by is not None else "an operator, by command",
        user=by,
        detail=detail or {},
    )
