"""Tasks: what somebody must do about an application, and when."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.models import EditableRow
from crm.models.application import Application
from crm.models.lead import Lead


class Task(EditableRow):
    """One thing to do for an application; who sees the lead sees its tasks.

    `lead` is filled in from the application by a trigger, also for rows that come by SQL, and
    follows it when leads are merged.
    """

    class Type(models.TextChoices):
        CALL = "call", "Call"
        EMAIL = "email", "E-mail"
        REVIEW = "review", "Review"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        COMPLETED = "completed", "Completed"

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="tasks")
    lead = models.ForeignKey(
        Lead,
        on_delete=models.PROTECT,
        related_name="tasks",
        editable=False,
        db_comment="The application's lead, kept by a trigger.",
    )
    type = models.CharField(max_length=6, choices=Type)
    due_at = models.DateTimeField("due")
    status = models.CharField(
        max_length=9, choices=Status, default=Status.OPEN, db_default=Status.OPEN
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="tasks",
        db_comment="Who does it; null: whoever looks after the lead.",
    )
    note = models.TextField(max_length=2000, blank=True, default="", db_default="")
    outcome = models.TextField(max_length=2000, blank=True, default="", db_default="")
    completed_at = models.DateTimeField(null=True, editable=False)
    completed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        ordering = ["due_at", "id"]
        db_table_comment = "What somebody must do about an application, and when."
        constraints = [
            models.CheckConstraint(
                name="task_type_is_known", condition=Q(type__in=["call", "email", "review"])
            ),
            models.CheckConstraint(
                name="task_status_is_known", condition=Q(status__in=["open", "completed"])
            ),
            models.CheckConstraint(
                name="task_due_not_before_created", condition=Q(due_at__gte=F("created_at"))
            ),
            models.CheckConstraint(
                name="completed_task_says_when",
                condition=Q(status="open", completed_at__isnull=True)
                | Q(status="completed", completed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "due_at"], name="task_by_due"),
            models.Index(fields=["tenant", "status"], name="task_by_status"),
            models.Index(
                fields=["tenant", "due_at", "id"],
                name="task_open_by_due",
                condition=Q(status="open"),
            ),
            models.Index(
                fields=["tenant", "completed_at"],
                name="task_completed_lately",
                condition=Q(status="completed"),
            ),
            models.Index(fields=["tenant", "created_at", "id"], name="task_by_age"),
            models.Index(fields=["tenant", "lead"], name="task_by_lead"),
            models.Index(fields=["tenant", "application"], name="task_by_application"),
            models.Index(fields=["tenant", "assignee"], name="task_by_assignee"),
        ]

    def __str__(self) -> str:
        return self.get_type_display()

    @property
    def is_open(self) -> bool:
        """Whether it still has to be done."""
        return self.status != self.Status.COMPLETED

    def is_overdue_at(self, now: datetime) -> bool:
        """Return whether it should have been done before `now`."""
        return self.is_open and self.due_at < now
