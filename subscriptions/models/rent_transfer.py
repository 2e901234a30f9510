"""Transfers: a rent on its way to the house's account, and the way back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q

from core.models import TenantRow, User
from core.money import Money
from subscriptions.models.house import House
from subscriptions.models.imported import currency_rule
from subscriptions.models.rent import RentPayment

# Stripe forgets keys after a day at the earliest; past this age, look before repeating.
KEY_LIFETIME = timedelta(hours=23)


class Pushed(TenantRow):
    """Something to be done at Stripe: claimed until `leased_until`, with one key an epoch."""

    epoch = models.PositiveSmallIntegerField(default=1, db_default=1)
    key_used_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        abstract = True

    def has_old_key(self, now: datetime) -> bool:
        """Return whether Stripe may have forgotten the key: read before asking again."""
        return self.key_used_at is not None and now - self.key_used_at > KEY_LIFETIME


class RentTransfer(Pushed):
    """One rent's money for the house it was paid for: held with a reason, or sent once.

    `hold` is a code of `subscriptions.queries.holds`, `hold_words` what people read. Amount and
    destination are frozen when it is claimed for sending. `is_frozen_by` names who stopped it by
    hand. A transfer that was reversed whole may be followed by another one.
    """

    class State(models.TextChoices):
        HELD = "held", "Held"
        READY = "ready", "Ready to be sent"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        REFUSED = "refused", "Refused by Stripe"
        REVERSED = "reversed", "Taken back"
        DROPPED = "dropped", "Not to be sent"

    # These stand for the rent: there is one at most.
    STANDING = (State.HELD, State.READY, State.SENDING, State.SENT, State.REFUSED)

    rent = models.ForeignKey(RentPayment, on_delete=models.PROTECT, related_name="transfers")
    house = models.ForeignKey(House, on_delete=models.PROTECT, null=True, related_name="transfers")
    state = models.CharField(max_length=8, choices=State.choices)
    hold = models.CharField(max_length=30, blank=True, default="", db_default="")
    hold_words = models.CharField(max_length=500, blank=True, default="", db_default="")
    held_since = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    stop_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    destination = models.CharField(max_length=64, blank=True, default="", db_default="")
    source_charge_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    stripe_transfer_id = models.CharField(max_length=255, null=True)
    sent_at = models.DateTimeField(null=True)
    reversed_minor = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            currency_rule("rent_transfer_currency_is_upper_case"),
            models.UniqueConstraint(
                fields=["tenant", "rent"],
                condition=Q(state__in=["held", "ready", "sending", "sent", "refused"]),
                name="one_standing_transfer_per_rent",
            ),
            models.UniqueConstraint(
                fields=["tenant", "stripe_transfer_id"], name="rent_transfer_id_once"
            ),
            models.CheckConstraint(
                name="rent_transfer_amount_is_positive", condition=Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="rent_transfer_comes_back_once",
                condition=Q(reversed_minor__gte=0, reversed_minor__lte=F("amount_minor")),
            ),
            models.CheckConstraint(
                name="held_rent_transfer_says_why",
                condition=~Q(state="held") | Q(hold__gt="", hold_words__gt=""),
            ),
            models.CheckConstraint(
                name="sent_rent_transfer_is_known_at_stripe",
                condition=~Q(state__in=["sent", "reversed"])
                | Q(stripe_transfer_id__isnull=False, sent_at__isnull=False, destination__gt=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="rent_transfer_to_send",
                condition=Q(state__in=["ready", "sending"]),
            ),
            models.Index(fields=["tenant", "state"], name="rent_transfer_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.amount.display()} · {self.get_state_display()}"

    @property
    def amount(self) -> Money:
        """What the house gets."""
        return Money(self.amount_minor, self.currency)

    @property
    def group(self) -> str:
        """Stripe's transfer group: the same for all money of one rent."""
        return f"rent-{self.rent_id}"

    @property
    def idempotency_key(self) -> str:
        """The key of the call that sends it."""
        return f"tap:transfer:{self.pk}:{self.epoch}"


class TransferReversal(Pushed):
    """Money that shall come back from a house: proposed by the program, approved by a person."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        APPROVED = "approved", "Approved"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused by Stripe"
        DECLINED = "declined", "Not wanted"

    OPEN = (State.PROPOSED, State.APPROVED)

    transfer = models.ForeignKey(RentTransfer, on_delete=models.PROTECT, related_name="reversals")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    stripe_reversal_id = models.CharField(max_length=255, null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "transfer"],
                condition=Q(state__in=["proposed", "approved"]),
                name="one_open_reversal_per_transfer",
            ),
            models.UniqueConstraint(
                fields=["tenant", "stripe_reversal_id"], name="transfer_reversal_id_once"
            ),
            models.CheckConstraint(
                name="transfer_reversal_is_positive", condition=Q(amount_minor__gt=0)
            ),
            models.CheckConstraint(
                name="done_transfer_reversal_is_known_at_stripe",
                condition=~Q(state="done")
                | Q(stripe_reversal_id__isnull=False, done_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} back · {self.get_state_display()}"

    @property
    def idempotency_key(self) -> str:
        """The key of the call that takes it back."""
        return f"tap:reversal:{self.pk}:{self.epoch}"
