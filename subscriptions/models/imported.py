"""What rows that came from another database share: their id there, and all else it said."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from core.models import EditableRow

LONGEST_SOURCE_ID = 32


class ImportedRow(EditableRow):
    """A row of another database, known there as `source_id`.

    `source_data` keeps, by their own names, the columns that have no place here. `findings` are
    the rules for unclean data that touched the row in the last import: a list of objects with
    rule, column, wrong and done (words for people, without personal data).
    """

    source_id = models.CharField(max_length=LONGEST_SOURCE_ID, null=True, editable=False)
    source_data = models.JSONField(default=dict, db_default={}, blank=True, editable=False)
    findings = models.JSONField(default=list, db_default=[], blank=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def rules(cls, name: str) -> list[models.BaseConstraint]:
        """Return the constraints that each imported table has; their names begin with `name`."""
        return [
            models.UniqueConstraint(
                fields=["tenant", "source_id"], name=f"{name}_source_id_once_per_tenant"
            ),
            models.CheckConstraint(
                name=f"{name}_source_id_is_not_empty",
                condition=Q(source_id=None) | Q(source_id__gt=""),
            ),
        ]


def currency_rule(name: str) -> models.CheckConstraint:
    """Return the constraint that `currency` is an ISO code."""
    return models.CheckConstraint(name=name, condition=Q(currency__regex=r"^[A-Z]{3}$"))


def found(row: ImportedRow, rule: str) -> list[dict[str, Any]]:
    """Return what the last import found by one rule on a row."""
    return [finding for finding in row.findings if finding["rule"] == rule]
