"""Members who went from one club to another."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from core.models import TenantRow, User
from subscriptions.models.subscription import Subscription


class Move(TenantRow):
    """One step of a customer from a club to another: the one subscription ended for the other."""

    left = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="moves_away")
    joined = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="moves_here")
    reason = models.CharField(max_length=500, blank=True)
    moved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    moved_at = models.DateTimeField()

    class Meta:
        ordering = ["-moved_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="move_is_between_two_subscriptions", condition=~Q(left=F("joined"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.left} to {self.joined.club}"
