"""Reminders: what the calendar brings up, told once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.encryption import EncryptedTextField
from core.models import TenantRow
from crm.models.lead import Lead
from crm.models.task import Task


class Reminder(TenantRow):
    """One nudge to one person about a task or a lead; `occasion` makes it come once.

    A new occasion (a task given a new time, a lead that spoke and fell quiet again) is a new row.
    """

    class Kind(models.TextChoices):
        TASK_DUE = "task_due", "Task due"
        LEAD_QUIET = "lead_quiet", "Lead gone quiet"
        STAGE_DEADLINE = "stage_deadline", "Stage deadline missed"

    kind = models.CharField(max_length=14, choices=Kind)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="reminders")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, null=True, related_name="reminders")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reminders"
    )
    occasion = models.CharField(
        max_length=80, db_comment="What it is about and since when; unique for a person."
    )
    text = models.CharField(max_length=300)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        db_table_comment = "What the calendar brought up, each to one person, each once."
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user", "kind", "occasion"], name="reminded_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "user"], name="reminder_unseen", condition=Q(seen_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return self.text


class CalendarFeed(TenantRow):
    """The secret address under which one person's calendar reads their tasks."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    token = EncryptedTextField(editable=False)
    revoked_at = models.DateTimeField(null=True)
    last_read_at = models.DateTimeField(null=True)
    content_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    content_changed_at = models.DateTimeField(
        null=True, db_comment="When the feed was first seen to say what it says now."
    )

    class Meta:
        ordering = ["-created_at"]
        db_table_comment = "Secret addresses at which calendars read people's tasks."
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "user"],
                condition=Q(revoked_at__isnull=True),
                name="one_calendar_feed_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"Calendar of {self.user}"
