"""What the two status histories share: the rule by which a row is the status at a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import models
from django.db.models import Q

from core.models import TenantRow
from core.models.base import DatabaseNow

# Within these bounds every moment can be shown in every zone (core.periods covers the same years).
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

# What an id from outside may be: text on one line, as it comes.
ONE_LINE = r"^[^[:cntrl:]]+$"

# The first in this order, of those that have taken effect, is the status. The id decides between
# rows that are equal in both times, so that the answer is the same each time.
NEWEST_FIRST = ("-effective_at", "-recorded_at", "-reference")


class StatusChangeQuerySet(models.QuerySet[Any]):
    """Questions about the rows of a history."""

    def in_force(self) -> StatusChangeQuerySet:
        """Leave out the rows that a later command has withdrawn."""
        return self.filter(withdrawn_at=None)

    def at(self, moment: datetime) -> Any:
        """Return the row that is the status at `moment`, or None before the first one."""
        rows = self.in_force().filter(effective_at__lte=moment)
        return rows.order_by(*NEWEST_FIRST).first()

    def after(self, moment: datetime) -> StatusChangeQuerySet:
        """Return what is scheduled after `moment`, soonest first."""
        rows = self.in_force().filter(effective_at__gt=moment)
        return rows.order_by("effective_at", "recorded_at", "reference")


class StatusChange(TenantRow):
    """One row of a status history: from `effective_at` on this is the status.

    `reference`, `effective_at` and `recorded_at` are the columns id, effect_date and create_date
    of the SQL surface. `withdrawn_at` marks a row that a later command took back: it counts no
    more, is not shown there, and stays as a trace.
    """

    reference = models.CharField(max_length=36)
    effective_at = models.DateTimeField(db_index=False)
    recorded_at = models.DateTimeField(db_default=DatabaseNow())
    details = models.TextField(blank=True, default="", db_default="")
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def rules(cls, name: str) -> list[models.BaseConstraint]:
        """Return the constraints of a history; their names begin with `name`."""
        return [
            models.UniqueConstraint(
                fields=["tenant", "reference"], name=f"{name}_id_once_per_tenant"
            ),
            models.CheckConstraint(
                name=f"{name}_id_is_one_line", condition=Q(reference__regex=ONE_LINE)
            ),
            models.CheckConstraint(
                name=f"{name}_effect_date_in_range",
                condition=Q(effective_at__gte=EARLIEST, effective_at__lt=LATEST),
            ),
            models.CheckConstraint(
                name=f"{name}_create_date_in_range",
                condition=Q(recorded_at__gte=EARLIEST, recorded_at__lt=LATEST),
            ),
        ]
