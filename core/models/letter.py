"""The outbox of e-mails: written with what they tell, sent after it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.encryption import EncryptedJSONField
from core.models.base import TenantRow


class Letter(TenantRow):
    """One e-mail to one address, from the wish to send it to what became of it.

    `envelope` holds `to`, `subject` and `text`, encrypted, and is emptied when its time is over;
    the row stays, so that one can see that and when something was sent. `kind` and `subject_id`
    say what it is about. `once` keeps a second letter of the same purpose from being written.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        GIVEN_UP = "given_up", "Not sent"
        CLOSED = "closed", "Closed by hand"

    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    once = models.CharField(max_length=200, null=True)
    language = models.CharField(max_length=10, default="en")
    envelope = EncryptedJSONField(null=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "once"], name="letter_written_once"),
            models.CheckConstraint(
                name="waiting_letter_is_due",
                condition=Q(state="waiting", next_at__isnull=False, envelope__isnull=False)
                | (~Q(state="waiting") & Q(next_at=None)),
            ),
            models.CheckConstraint(
                name="sent_letter_has_its_time",
                condition=~Q(state="sent") | Q(sent_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"], name="letter_due", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["tenant", "created_at"],
                name="letter_given_up",
                condition=Q(state="given_up"),
            ),
            models.Index(fields=["tenant", "kind", "subject_id"], name="letter_by_subject"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="letter_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}, {self.get_state_display().lower()}"

    @property
    def to(self) -> str:
        """The address it goes to; empty once that was thrown away."""
        return str(self.envelope["to"]) if self.envelope else ""

    @property
    def title(self) -> str:
        """Its subject line; empty once that was thrown away."""
        return str(self.envelope["subject"]) if self.envelope else ""

    @property
    def text(self) -> str:
        """What it says; empty once that was thrown away."""
        return str(self.envelope["text"]) if self.envelope else ""
