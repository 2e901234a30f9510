"""Rents taken from a payment method that the resident has saved with Stripe."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import User
from subscriptions.models.imported import currency_rule
from subscriptions.models.rent import RentPayment
from subscriptions.models.rent_transfer import Pushed


class RentCollection(Pushed):
    """One try to take a rent from the saved card or bank account; one at a time for each rent.

    Amount and currency are frozen when it is asked for. With `stripe_invoice_id` that invoice is
    paid, else a payment intent of its own is made.
    """

    class State(models.TextChoices):
        ASKED = "asked", "Asked for"
        DONE = "done", "Taken, or on its way"
        REFUSED = "refused", "Refused"

    rent = models.ForeignKey(RentPayment, on_delete=models.PROTECT, related_name="collections")
    state = models.CharField(max_length=7, choices=State.choices, default=State.ASKED)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    stripe_customer_id = models.CharField(max_length=255)
    stripe_invoice_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    stripe_charge_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    asked_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            currency_rule("rent_collection_currency_is_upper_case"),
            models.UniqueConstraint(
                fields=["tenant", "rent"],
                condition=Q(state="asked"),
                name="one_collection_at_a_time_per_rent",
            ),
            models.CheckConstraint(
                name="rent_collection_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="done_rent_collection_says_when",
                condition=~Q(state="done") | Q(done_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="rent_collection_to_do",
                condition=Q(state="asked"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rent} · {self.get_state_display()}"

    @property
    def idempotency_key(self) -> str:
        """The key of the call that takes the money."""
        return f"tap:collect:{self.pk}:{self.epoch}"
