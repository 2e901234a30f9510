"""Rents: what is due for a lease and a month, and what came."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from subscriptions.models.imported import ImportedRow, currency_rule
from subscriptions.models.lease import Lease
from subscriptions.models.resident import Resident


class RentPayment(ImportedRow):
    """The rent of one lease for one month: what is due, what came, and what Stripe knows of it.

    Amounts are minor units of `currency`. `month` is the first day of the month that the rent is
    for, in the lease's zone. A second row of a source for the same lease and month is kept with
    `duplicate_of`, so that a month counts once. What could not be resolved has no lease.
    """

    class State(models.TextChoices):
        DUE = "due", "Due"
        PENDING = "pending", "On its way"
        PART = "part", "Paid in part"
        PAID = "paid", "Paid"
        FAILED = "failed", "Failed"
        REFUNDED = "refunded", "Sent back"
        WRITTEN_OFF = "written_off", "Written off"

    lease = models.ForeignKey(
        Lease, on_delete=models.PROTECT, null=True, related_name="rent_payments"
    )
    resident = models.ForeignKey(
        Resident, on_delete=models.PROTECT, null=True, related_name="rent_payments"
    )
    duplicate_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="duplicates"
    )
    lease_source_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    user_source_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    month = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(null=True)
    paid_minor = models.BigIntegerField(default=0, db_default=0)
    pending_minor = models.BigIntegerField(default=0, db_default=0)
    state = models.CharField(max_length=12, choices=State, default=State.DUE)
    is_pending = models.BooleanField(default=False, db_default=False)
    is_disputed = models.BooleanField(default=False, db_default=False)
    due_on = models.DateField(null=True)
    paid_on = models.DateField(null=True)
    comment = models.TextField(blank=True, default="", db_default="")
    retries = models.IntegerField(default=0, db_default=0)
    stripe_charge_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    stripe_invoice_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    stripe_payment_intent_id = models.CharField(
        max_length=255, blank=True, default="", db_default=""
    )

    class Meta:
        ordering = ["-month", "source_id"]
        constraints = [
            *ImportedRow.rules("rent_payment"),
            currency_rule("rent_payment_currency_is_upper_case"),
            models.UniqueConstraint(
                fields=["tenant", "lease", "month"],
                condition=Q(duplicate_of=None),
                name="rent_once_per_lease_and_month",
            ),
            models.CheckConstraint(
                name="rent_month_is_its_first_day", condition=Q(month=None) | Q(month__day=1)
            ),
            models.CheckConstraint(
                name="rent_is_no_duplicate_of_itself",
                condition=Q(duplicate_of=None) | ~Q(duplicate_of=F("id")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "stripe_charge_id"],
                name="rent_by_charge",
                condition=~Q(stripe_charge_id=""),
            ),
            models.Index(
                fields=["tenant", "stripe_invoice_id"],
                name="rent_by_invoice",
                condition=~Q(stripe_invoice_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"rent {self.month:%B %Y}" if self.month else f"rent {self.source_id}"
