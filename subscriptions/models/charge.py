"""Charges: one try to have the shop bill and send a member's order of a month."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import TenantRow, User
from subscriptions.models.history import ONE_LINE
from subscriptions.models.subscription import Subscription

LONGEST_REQUEST_ID = 200


class Charge(TenantRow):
    """One order at the shop, written before the shop is called; what it was asked is frozen here.

    `month` is the first day of the calendar month, in the club's time zone, that the charge is
    for. `request_id` is the caller's, and the key by which the shop does nothing twice.
    `answer` is what the shop answered; `reason` says in words why there is no order.
    """

    class State(models.TextChoices):
        CLAIMED = "claimed", "Under way"  # the shop is being called
        CHARGED = "charged", "Charged"
        DECLINED = "declined", "Declined"  # the customer's payment was refused
        REFUSED = "refused", "Refused"  # the shop said no for another reason
        UNSENT = "unsent", "Not sent"  # the shop could not be reached: nothing happened
        UNKNOWN = "unknown", "Unknown"  # no certain answer: asked again under the same request id

    class Cause(models.TextChoices):
        NONE = "", "-"
        RETRY = "retry", "Try again later"
        CUSTOMER = "customer", "The customer must act"
        OURS = "ours", "We must mend something"

    # These hold their month: nobody else may charge it.
    HOLDING = (State.CLAIMED, State.CHARGED, State.UNKNOWN)
    # These wait for the shop's answer.
    OPEN = (State.CLAIMED, State.UNKNOWN)

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="charges")
    request_id = models.CharField("request id", max_length=LONGEST_REQUEST_ID)
    month = models.DateField()
    customer_store_id = models.CharField("customer", max_length=36)
    store_sku = models.IntegerField("SKU")
    state = models.CharField(max_length=10, choices=State.choices, default=State.CLAIMED)
    cause = models.CharField(max_length=10, choices=Cause.choices, blank=True, default="")
    reason = models.CharField(max_length=500, blank=True)
    answer = models.JSONField(null=True, editable=False)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "request_id"], name="charge_request_id_once_per_tenant"
            ),
            models.UniqueConstraint(
                fields=["tenant", "subscription", "month"],
                condition=Q(state__in=["claimed", "charged", "unknown"]),
                name="charge_once_per_month",
            ),
            models.CheckConstraint(name="charge_month_is_its_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="charge_request_id_is_one_line", condition=Q(request_id__regex=ONE_LINE)
            ),
            models.CheckConstraint(
                name="open_charge_is_due_again",
                condition=Q(state__in=["claimed", "unknown"], next_at__isnull=False)
                | (~Q(state__in=["claimed", "unknown"]) & Q(next_at=None)),
            ),
            models.CheckConstraint(
                name="charged_charge_has_answer",
                condition=~Q(state="charged") | Q(answer__isnull=False, decided_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="charge_open",
                condition=Q(state__in=["claimed", "unknown"]),
            ),
            models.Index(fields=["tenant", "-created_at", "-id"], name="charge_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_store_id} · {self.month:%B %Y} · {self.state}"
