"""Club runs: one press of the button that charges all members of a club for a month."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import TenantRow, User
from subscriptions.models.charge import Charge
from subscriptions.models.club import Club
from subscriptions.models.subscription import Subscription


class ClubRun(TenantRow):
    """The charging of one club for one calendar month of the club's time zone.

    A draft shows whom it would charge. Running, its items are charged one by one; stopped, none is
    begun. In review every item was tried and failures wait for a person. Done is closed for good.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        STOPPED = "stopped", "Stopped"
        REVIEW = "review", "Failures to work through"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.DRAFT, State.RUNNING, State.STOPPED, State.REVIEW)

    club = models.ForeignKey(Club, on_delete=models.PROTECT, related_name="runs")
    month = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    checked_at = models.DateTimeField()
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-month", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "club", "month"],
                condition=Q(state__in=["draft", "running", "stopped", "review"]),
                name="one_open_run_per_club_and_month",
            ),
            models.CheckConstraint(
                name="club_run_month_is_its_first_day", condition=Q(month__day=1)
            ),
            models.CheckConstraint(
                name="ended_club_run_has_its_end",
                condition=Q(state__in=["done", "cancelled"], ended_at__isnull=False)
                | (~Q(state__in=["done", "cancelled"]) & Q(ended_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "state"],
                name="club_run_open",
                condition=Q(state__in=["draft", "running", "stopped", "review"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.club} · {self.month:%B %Y}"

    @property
    def is_open(self) -> bool:
        """Whether anything about it can still change."""
        return self.state in self.OPEN


class ClubRunItem(TenantRow):
    """One member in a run. Its request id comes from its own id and the attempt: a repeated try
    is the same order at the shop, a new attempt is another one.
    """

    class State(models.TextChoices):
        EXCLUDED = "excluded", "Left out"
        PENDING = "pending", "Waiting"
        CHARGING = "charging", "Under way"
        CHARGED = "charged", "Charged"
        UNKNOWN = "unknown", "No certain answer yet"
        FAILED = "failed", "Failed"
        SETTLED = "settled", "Settled elsewhere"

    # Work that waits, for the program or for a person.
    UNFINISHED = (State.PENDING, State.CHARGING, State.UNKNOWN, State.FAILED)

    run = models.ForeignKey(ClubRun, on_delete=models.CASCADE, related_name="items")
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices)
    cause = models.CharField(
        max_length=10, choices=Charge.Cause.choices, blank=True, default="", db_default=""
    )
    reason = models.CharField(max_length=500, blank=True, default="", db_default="")
    warning = models.CharField(max_length=500, blank=True, default="", db_default="")
    attempt = models.PositiveIntegerField(default=1, db_default=1)
    # Tries of this attempt that never reached the shop.
    misses = models.PositiveIntegerField(default=0, db_default=0)
    # A waiting item is not begun before this; one under way is given up after it.
    due_at = models.DateTimeField(null=True)
    charge = models.ForeignKey(Charge, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True, default="", db_default="")
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "run", "subscription"], name="club_run_item_once_per_run"
            ),
            models.CheckConstraint(
                name="club_run_item_under_way_has_its_end",
                condition=~Q(state="charging") | Q(due_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["run", "id"], name="club_run_item_waiting", condition=Q(state="pending")
            ),
            models.Index(
                fields=["tenant", "due_at"],
                name="club_run_item_under_way",
                condition=Q(state__in=["charging", "unknown"]),
            ),
            models.Index(fields=["run", "state", "id"], name="club_run_item_by_state"),
            models.Index(fields=["tenant", "subscription"], name="club_run_item_of_member"),
        ]

    def __str__(self) -> str:
        return f"{self.subscription} · {self.state}"

    @property
    def request_id(self) -> str:
        """The id under which the shop is asked, the same however often this attempt is tried."""
        return f"run-{self.pk}-{self.attempt}"
