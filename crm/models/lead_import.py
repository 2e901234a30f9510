"""Files of leads, from the look before to the count after."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.encryption import EncryptedJSONField, EncryptedTextField
from core.models import TenantRow


class LeadImport(TenantRow):
    """One CSV file with leads: looked at, then taken in by a worker, batch by batch.

    `done` is how many of its rows were dealt with; it moves in the same transaction as their
    leads, so that a run that was killed goes on where it stood. The file itself lies encrypted
    and goes away when the run is over; rows that were refused stay, to be mended.
    """

    class State(models.TextChoices):
        PREVIEW = "preview", "Looked at"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Stopped"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lead_imports"
    )
    file_name = models.CharField(max_length=120)
    state = models.CharField(
        max_length=7, choices=State, default=State.PREVIEW, db_default=State.PREVIEW
    )
    content = EncryptedTextField(blank=True, default="", editable=False)
    total = models.PositiveIntegerField(db_comment="Rows of the file, without its header.")
    done = models.PositiveIntegerField(default=0, db_default=0)
    created = models.PositiveIntegerField(default=0, db_default=0)
    changed = models.PositiveIntegerField(default=0, db_default=0)
    same = models.PositiveIntegerField(default=0, db_default=0)
    refused = EncryptedJSONField(
        default=list, editable=False, db_comment="Rows that were not taken, with line and reasons."
    )
    refused_count = models.PositiveIntegerField(default=0, db_default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-created_at", "-id"]
        db_table_comment = "Files of leads, with how far each was taken in."
        constraints = [
            models.CheckConstraint(
                name="lead_import_state_is_known",
                condition=Q(state__in=["preview", "running", "done", "failed"]),
            ),
            models.CheckConstraint(
                name="lead_import_done_within_total", condition=Q(done__lte=F("total"))
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "user"], name="lead_import_by_user"),
            models.Index(
                fields=["tenant", "updated_at"],
                name="lead_import_running",
                condition=Q(state="running"),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def percent(self) -> int:
        """How much of the file was dealt with."""
        return 100 if not self.total else self.done * 100 // self.total

    @property
    def counts(self) -> dict[str, Any]:
        """The numbers, for people and programs."""
        return {
            "total": self.total,
            "new": self.created,
            "changed": self.changed,
            "same": self.same,
            "refused": self.refused_count,
        }
