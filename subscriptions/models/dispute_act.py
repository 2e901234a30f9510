"""What staff had done about a dispute at Stripe: evidence, acceptance, the refund of an inquiry."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import User
from subscriptions.models.dispute import RentDispute
from subscriptions.models.rent_transfer import Pushed


class DisputeAct(Pushed):
    """One thing that a person asked for, done at Stripe once; one at a time for each dispute.

    `evidence` is what goes to the bank: Stripe's fields and texts, frozen when it was asked for.
    """

    class Kind(models.TextChoices):
        SUBMIT = "submit", "Submit the evidence"
        ACCEPT = "accept", "Accept the dispute"
        REFUND = "refund", "Refund the inquiry"

    class State(models.TextChoices):
        ASKED = "asked", "Asked for"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"

    dispute = models.ForeignKey(RentDispute, on_delete=models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    state = models.CharField(max_length=7, choices=State.choices, default=State.ASKED)
    evidence = models.JSONField(default=dict, db_default={})
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "dispute"],
                condition=Q(state="asked"),
                name="one_act_at_a_time_per_dispute",
            ),
            models.CheckConstraint(
                name="done_dispute_act_says_when",
                condition=~Q(state="done") | Q(done_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="dispute_act_to_do",
                condition=Q(state="asked"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"

    @property
    def idempotency_key(self) -> str:
        """The key of the call that does it."""
        return f"tap:dispute:{self.pk}:{self.epoch}"
