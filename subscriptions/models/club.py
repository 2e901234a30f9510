"""Clubs: what customers subscribe to, and whether they can."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from core.models import EditableRow, TenantRow
from core.models.tenant import validate_zone
from subscriptions.models.history import StatusChange, StatusChangeQuerySet


class Club(EditableRow):
    """A club. `number` is its id for the world outside: in paths, payloads and the SQL surface.

    `store_sku` is what the shop sends to each member. Days and months of its members are those
    of `time_zone`, which is the company's unless given.
    """

    number = models.IntegerField("id", help_text="How the website and other programs know it.")
    name = models.CharField(max_length=255)
    store_sku = models.IntegerField("SKU", help_text="What the shop sends to each member.")
    time_zone = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        validators=[validate_zone],
        help_text="Such as Europe/Amsterdam; empty: the company's.",
    )
    run_day = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text="Day of the month on which members are charged; in shorter months the last one.",
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "number"], name="club_id_once_per_tenant"),
            models.CheckConstraint(
                name="club_run_day_is_of_a_month", condition=Q(run_day__gte=1, run_day__lte=31)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone as an object; reads the tenant when the club has none of its own."""
        return ZoneInfo(self.time_zone or self.tenant.time_zone)


class ClubStatus(TenantRow):
    """What a club can be. A trigger gives each tenant the three that are known to the code."""

    ACTIVE, CLOSED, INACTIVE = 1, 2, 3
    # A closed club takes no new members and still serves those it has.
    SERVING = (ACTIVE, CLOSED)

    number = models.IntegerField("id")
    name = models.CharField(max_length=255)

    class Meta:
        verbose_name_plural = "club statuses"
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "number"], name="club_status_id_once_per_tenant"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ClubStatusChange(StatusChange):
    """One row of a club's status history."""

    club = models.ForeignKey(Club, on_delete=models.PROTECT, related_name="changes")
    # A composite foreign key to ClubStatus (tenant, number), made by the migration.
    status = models.IntegerField()

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-effective_at", "-recorded_at", "-reference"]
        constraints = StatusChange.rules("club_status_history")
        indexes = [
            models.Index(
                fields=["club", "-effective_at", "-recorded_at", "-reference"],
                name="club_status_newest",
                condition=Q(withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.club} · {self.status}"
