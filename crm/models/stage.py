"""Stages: the steps of a company's pipeline, which it names and orders itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import EditableRow


class Stage(EditableRow):
    """One step that a lead or an application stands on; rows point at it by `key`.

    Each company gets the first set when its own row is made (a trigger), so that rows that come
    by SQL find their stages too.
    """

    class Outcome(models.TextChoices):
        OPEN = "open", "Still open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    key = models.SlugField(
        max_length=40, help_text="What programs call it; it stays when the name changes."
    )
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(help_text="From left to right in the pipeline.")
    outcome = models.CharField(
        max_length=4, choices=Outcome, default=Outcome.OPEN, db_default=Outcome.OPEN
    )
    deadline_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How long a row may stay here; empty: as long as it takes."
    )
    needs_note = models.BooleanField("a note is needed to enter", default=False, db_default=False)
    may_go_back = models.BooleanField("may be left backwards", default=True, db_default=True)

    class Meta:
        abstract = True
        ordering = ["position", "key"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether rows on this stage still need somebody's work."""
        return self.outcome == self.Outcome.OPEN


class LeadStage(Stage):
    """One step that a lead stands on."""

    FIRST = "new"

    class Meta(Stage.Meta):
        abstract = False
        db_table_comment = "The steps a lead goes through, in a company's own order and words."
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"], name="lead_stage_key_once_per_tenant"
            ),
            models.CheckConstraint(
                name="lead_stage_outcome_is_known",
                condition=Q(outcome__in=["open", "won", "lost"]),
            ),
        ]


class ApplicationStage(Stage):
    """One step that an application stands on."""

    FIRST = "draft"
    FEE_PAID = "payment_received"

    class Meta(Stage.Meta):
        abstract = False
        db_table_comment = (
            "The steps an application goes through, in a company's own order and words."
        )
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "key"], name="application_stage_key_once_per_tenant"
            ),
            models.CheckConstraint(
                name="application_stage_outcome_is_known",
                condition=Q(outcome__in=["open", "won", "lost"]),
            ),
        ]
