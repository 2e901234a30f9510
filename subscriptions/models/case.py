"""Cases: a rent that somebody has to look after, with what was said and done about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import EditableRow, TenantRow, User
from subscriptions.models.rent import RentPayment


class Case(EditableRow):
    """One rent that went wrong: disputed, warned of, not transferred, not explained."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    rent = models.ForeignKey(RentPayment, on_delete=models.PROTECT, related_name="cases")
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)
    # Why it was opened, in words.
    cause = models.CharField(max_length=300)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "rent"], condition=Q(state="open"), name="one_open_case_per_rent"
            ),
            models.CheckConstraint(
                name="closed_case_says_when_and_how",
                condition=Q(state="open", closed_at=None)
                | Q(state="closed", closed_at__isnull=False, outcome__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return self.cause


class CaseNote(TenantRow):
    """Something said or done in a case; append-only. Without `by` the program wrote it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.TextField()
    written_at = models.DateTimeField()
    # The same thing is told once.
    once = models.CharField(max_length=200, null=True)

    class Meta:
        ordering = ["written_at", "created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "case", "once"], name="case_note_told_once"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
