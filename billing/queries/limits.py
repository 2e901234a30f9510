"""Where the running period stands against the spend limit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from billing.models import Alert, Organization
from billing.queries.statement import statement_of


def limit_of(organization: Organization) -> Alert | None:
    """Return the spend limit that holds, or None."""
    rows = Alert.objects.filter(organization=organization, kind=Alert.Kind.LIMIT)
    return rows.filter(ended_at=None).first()


def limit_state(organization: Organization, *, now: datetime) -> dict[str, Any]:
    """Return limit, what is owed so far, and whether the one is reached by the other.

    Owed are the charges of the running period before tax, prepaid credit and what is carried:
    a limit is about what is used, not about how it is paid.
    """
    limit, statement = limit_of(organization), statement_of(organization, now=now)
    amount = limit.amount_minor if limit else None
    return {
        "limit_minor": amount,
        "owed_minor": statement.net_minor,
        "currency": organization.currency,
        "is_over_limit": amount is not None and statement.net_minor >= amount,
        "period_starts_on": statement.days.starts_on,
        "period_ends_on": statement.days.ends_on,
        "reached_at": _reached_at(limit, statement.days.starts_on),
    }


def _reached_at(limit: Alert | None, starts_on: date) -> datetime | None:
    if limit is None or limit.amount_minor is None:
        return None
    rows = limit.firings.filter(period_starts_on=starts_on, threshold=limit.amount_minor)
    return rows.values_list("created_at", flat=True).first()
