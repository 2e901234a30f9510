"""The timeline: what happened to a lead, kept for good."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import TenantRow
from crm.models.application import Application
from crm.models.lead import Lead
from crm.models.task import Task


class TimelineEntry(TenantRow):
    """One thing that happened to a lead: a move, a note, a call, a fee. Never changed.

    A move between stages is the row with `from_stage` and `to_stage`: of the application if one
    is named, else of the lead. The database takes new rows and refuses any change of old ones.
    """

    class Kind(models.TextChoices):
        CREATED = "created", "Added"
        IMPORTED = "imported", "Imported"
        EDITED = "edited", "Edited"
        MOVED = "moved", "Moved"
        REASSIGNED = "reassigned", "Handed on"
        NOTE = "note", "Note"
        APPLICATION_ADDED = "application_added", "Application added"
        APPLICATION_EDITED = "application_edited", "Application edited"
        TASK_ADDED = "task_added", "Task added"
        TASK_EDITED = "task_edited", "Task changed"
        TASK_COMPLETED = "task_completed", "Task completed"
        TASK_REOPENED = "task_reopened", "Task reopened"
        MERGED = "merged", "Merged"
        FEE_ASKED = "fee_asked", "Fee asked for"
        FEE_PAID = "fee_paid", "Fee paid"
        FEE_FAILED = "fee_failed", "Fee not paid"
        FEE_REFUNDED = "fee_refunded", "Fee refunded"
        FEE_DISPUTED = "fee_disputed", "Fee disputed"

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="entries")
    application = models.ForeignKey(
        Application, on_delete=models.PROTECT, null=True, related_name="entries"
    )
    task = models.ForeignKey(Task, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField(max_length=4000, blank=True, db_comment="In words, for people.")
    from_stage = models.CharField(max_length=40, blank=True, default="", db_default="")
    to_stage = models.CharField(max_length=40, blank=True, default="", db_default="")
    facts = models.JSONField(default=dict, db_comment="What programs may want to know.")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    by_words = models.CharField(
        max_length=80,
        blank=True,
        default="",
        db_default="",
        db_comment="Who did it where no person did: an API key, a payment, an import.",
    )
    happened_at = models.DateTimeField()

    class Meta:
        ordering = ["-happened_at", "-id"]
        verbose_name_plural = "timeline entries"
        db_table_comment = "What happened to leads; rows are added and never changed."
        constraints = [
            models.CheckConstraint(
                name="move_names_both_stages",
                condition=~Q(kind="moved") | (~Q(from_stage="") & ~Q(to_stage="")),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "lead", "-happened_at", "-id"], name="entry_by_lead"),
            models.Index(fields=["tenant", "-happened_at", "-id"], name="entry_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}" if self.text else self.get_kind_display()
