"""Subscriptions: one customer of the shop in one club, and what became of it."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q

from core.models import TenantRow, User
from core.models.base import DatabaseNow
from subscriptions.models.club import Club
from subscriptions.models.history import (
    EARLIEST,
    LATEST,
    ONE_LINE,
    StatusChange,
    StatusChangeQuerySet,
)


class SubscriptionStatus(TenantRow):
    """What a subscription can be. A trigger gives each tenant the three known to the code."""

    ACTIVE, CANCELLED, PAUSED = 1, 2, 3

    number = models.IntegerField("id")
    name = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "subscription statuses"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"], name="subscription_status_id_once_per_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Subscription(TenantRow):
    """A customer's membership. `reference` is its id for the world outside, text as it comes.

    `last_status` and `last_effective_at` repeat the row of its history that comes last of all,
    also when that lies in the future: they depend on the rows alone and not on the time. Triggers
    keep them, whoever writes the history. From `last_effective_at` on they are the status; before
    it the history says what it is.
    """

    reference = models.CharField("id", max_length=36)
    club = models.ForeignKey(Club, on_delete=models.PROTECT, related_name="subscriptions")
    customer_store_id = models.CharField("customer", max_length=36)
    subscribed_at = models.DateTimeField(db_default=DatabaseNow())
    last_status = models.IntegerField(null=True, editable=False)
    last_effective_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "reference"], name="subscription_id_once_per_tenant"
            ),
            models.UniqueConstraint(
                fields=["tenant", "club", "customer_store_id"],
                name="subscription_once_per_customer_and_club",
            ),
            models.CheckConstraint(
                name="subscription_id_is_one_line", condition=Q(reference__regex=ONE_LINE)
            ),
            models.CheckConstraint(
                name="subscription_customer_is_one_line",
                condition=Q(customer_store_id__regex=ONE_LINE),
            ),
            models.CheckConstraint(
                name="subscription_create_date_in_range",
                condition=Q(subscribed_at__gte=EARLIEST, subscribed_at__lt=LATEST),
            ),
            models.CheckConstraint(
                name="subscription_last_belongs_together",
                condition=Q(last_status=None, last_effective_at=None)
                | Q(last_status__isnull=False, last_effective_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "customer_store_id"], name="subscription_by_customer"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="subscription_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_store_id} in {self.club}"

    def status_at(self, moment: datetime) -> int | None:
        """Return the status at `moment`; None before its history begins, or without one."""
        if self.last_effective_at is None or self.last_effective_at <= moment:
            return self.last_status
        found = self.changes.at(moment)
        return found.status if found else None


class SubscriptionStatusChange(StatusChange):
    """One row of a subscription's status history.

    `origin` is empty for rows that outside programs put in. `interval_days` stands on a pause
    that came with a return; the return itself is a row of origin `return`.
    """

    class Origin(models.TextChoices):
        OUTSIDE = "", "Put in by SQL"
        SUBSCRIBED = "subscribed", "Subscribed"
        COMMAND = "command", "Commanded"
        RETURN = "return", "Return from a pause"

    # The words that the data model prescribes for the row that ends a pause.
    RETURN_DETAILS = "Automatic return schedule"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="changes")
    # A composite foreign key to SubscriptionStatus (tenant, number), made by the migration.
    status = models.IntegerField()
    origin = models.CharField(
        max_length=12, choices=Origin.choices, blank=True, default="", db_default=""
    )
    interval_days = models.PositiveIntegerField(null=True, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-effective_at", "-recorded_at", "-reference"]
        constraints = StatusChange.rules("subscription_status_history")
        indexes = [
            models.Index(
                fields=["subscription", "-effective_at", "-recorded_at", "-reference"],
                include=["status"],
                name="subscription_status_newest",
                condition=Q(withdrawn_at=None),
            ),
            models.Index(fields=["tenant", "effective_at"], name="subscription_status_by_effect"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription} · {self.status}"

    @property
    def is_automatic_return(self) -> bool:
        """Whether it only ends an earlier pause, also when an outside program put it in."""
        is_told = self.origin == self.Origin.OUTSIDE and self.details == self.RETURN_DETAILS
        is_return = self.origin == self.Origin.RETURN or is_told
        return is_return and self.status == SubscriptionStatus.ACTIVE
