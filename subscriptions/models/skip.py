"""Months that a member is not charged for, by wish."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import TenantRow, User
from subscriptions.models.subscription import Subscription


class Skip(TenantRow):
    """One calendar month, in the club's time zone, in which a club run leaves a member out.

    A skip that was taken back stays as a trace: `undone_at` says when. The status of the
    subscription does not change, nor does the list of who is eligible.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="skips")
    month = models.DateField()
    reason = models.CharField(max_length=500, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()
    undone_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-month", "-made_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "subscription", "month"],
                condition=Q(undone_at=None),
                name="skip_once_per_month",
            ),
            models.CheckConstraint(name="skip_month_is_its_first_day", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.subscription} · {self.month:%B %Y}"
