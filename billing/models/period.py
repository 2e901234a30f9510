"""Periods and runs: when an organization is billed, and the press of the button that does it."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Q

from billing.models.organization import Organization
from billing.models.plan import DaysFrom
from core.models import TenantRow, User


class BillingPeriod(TenantRow):
    """The days `[starts_on, ends_on)` of an organization's calendar; periods tile.

    `month` is the month of the last day, under which a run finds it. `whole_days` is the length
    of the undivided period from anchor day to anchor day, of which the first one may be a part.
    Closed, its usage is late; `recheck_at` says that usage or prices of a closed period changed
    since it was looked at last.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed, not yet invoiced"
        INVOICED = "invoiced", "Invoiced"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="periods")
    starts_on = models.DateField()
    ends_on = models.DateField()
    # When its first and its last day begin and end on the organization's clock.
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    month = models.DateField()
    whole_days = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    closed_at = models.DateTimeField(null=True)
    recheck_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["organization", "starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "starts_on"], name="period_start_once"),
            models.CheckConstraint(
                name="period_ends_after_it_starts",
                condition=Q(ends_on__gt=F("starts_on")) & Q(ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(name="period_month_is_its_first_day", condition=Q(month__day=1)),
            ExclusionConstraint(
                name="periods_do_not_overlap",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    (DaysFrom("starts_on", "ends_on", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "month", "organization"],
                name="period_to_invoice",
                condition=~Q(state="invoiced"),
            ),
            models.Index(
                fields=["organization", "starts_on"],
                name="period_to_recheck",
                condition=Q(recheck_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} to {self.ends_on}"


class BillingRun(TenantRow):
    """The invoicing of all periods that ended with a month, or earlier and were left over.

    Compiling makes drafts, chunk by chunk. In review people look at them; finalizing gives
    numbers and hands them to the push. Stopped, nothing is begun; the same run goes on later.
    """

    class State(models.TextChoices):
        COMPILING = "compiling", "Compiling"
        REVIEW = "review", "In review"
        FINALIZING = "finalizing", "Finalizing"
        STOPPED = "stopped", "Stopped"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.COMPILING, State.REVIEW, State.FINALIZING, State.STOPPED)

    month = models.DateField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.COMPILING)
    # What it was doing when it was stopped.
    stopped_in = models.CharField(max_length=10, blank=True, default="")
    # When a worker was at it last, or was sent for: whoever looks after runs knows by it which
    # of them nobody drives.
    worked_at = models.DateTimeField(null=True)
    made_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    compiled_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-month", "-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(state__in=["compiling", "review", "finalizing", "stopped"]),
                name="one_open_billing_run",
            ),
            models.CheckConstraint(
                name="billing_run_month_is_its_first_day", condition=Q(month__day=1)
            ),
            models.CheckConstraint(
                name="ended_billing_run_has_its_end",
                condition=Q(state__in=["done", "cancelled"], ended_at__isnull=False)
                | (~Q(state__in=["done", "cancelled"]) & Q(ended_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%B %Y}"
