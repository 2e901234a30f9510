"""Links to Stripe: what is to be made there for a row, and the ids that a row had before."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from core.models import TenantRow
from subscriptions.models.house import House
from subscriptions.models.lease import Lease
from subscriptions.models.resident import Resident
from subscriptions.models.room import Room

# Stripe forgets keys after a day at the earliest; past this age, look before repeating.
KEY_LIFETIME = timedelta(hours=23)

_ONE_SUBJECT = (
    Q(resident__isnull=False, room=None, lease=None)
    | Q(resident=None, room__isnull=False, lease=None)
    | Q(resident=None, room=None, lease__isnull=False)
)


class StripeLink(TenantRow):
    """One object to make at Stripe for a resident, a room or a lease; written before the call.

    `epoch` counts idempotency keys: a new one is taken only after Stripe was read and does not
    have the object. `leased_until` shows that somebody is at it; it keeps nobody out, the key does.
    """

    class Step(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        PRODUCT = "product", "Product"
        PRICE = "price", "Price of the room"
        LEASE_PRICE = "lease_price", "Price of the lease"
        SUBSCRIPTION = "subscription", "Subscription"
        CANCELLATION = "cancellation", "Cancellation of a subscription for the record"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"  # a certain no of Stripe's: `last_error` says why

    step = models.CharField(max_length=14, choices=Step)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, null=True, related_name="+")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, null=True, related_name="+")
    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    epoch = models.PositiveSmallIntegerField(default=1, db_default=1)
    key_used_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    next_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="", db_default="")
    stripe_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    # What was sent, hashed: another one is sent as a change.
    sent_digest = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="stripe_link_has_one_subject", condition=_ONE_SUBJECT),
            models.UniqueConstraint(
                fields=["tenant", "step", "resident"], name="stripe_link_once_per_resident"
            ),
            models.UniqueConstraint(
                fields=["tenant", "step", "room"], name="stripe_link_once_per_room"
            ),
            models.UniqueConstraint(
                fields=["tenant", "step", "lease"], name="stripe_link_once_per_lease"
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant", "next_at"],
                name="stripe_link_to_push",
                condition=Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} · {self.get_state_display()}"

    @property
    def idempotency_key(self) -> str:
        """The key of the call that makes the object at Stripe."""
        return f"tap:lease:{self.pk}:{self.step}:{self.epoch}"

    def has_old_key(self, now: datetime) -> bool:
        """Return whether Stripe may have forgotten the key: read before asking again."""
        return self.key_used_at is not None and now - self.key_used_at > KEY_LIFETIME


class FormerStripeId(TenantRow):
    """An id that a row had at Stripe before: of an older account, or of an object since replaced.

    Exactly one of the foreign keys says whose. `noted_at` is when it was set aside.
    """

    class Kind(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        PRODUCT = "product", "Product"
        PRICE = "price", "Price"
        SUBSCRIPTION = "subscription", "Subscription"
        ACCOUNT = "account", "Connected account"

    kind = models.CharField(max_length=12, choices=Kind)
    stripe_id = models.CharField(max_length=255)
    reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    noted_at = models.DateTimeField()
    house = models.ForeignKey(
        House, on_delete=models.PROTECT, null=True, related_name="former_stripe_ids"
    )
    resident = models.ForeignKey(
        Resident, on_delete=models.PROTECT, null=True, related_name="former_stripe_ids"
    )
    room = models.ForeignKey(
        Room, on_delete=models.PROTECT, null=True, related_name="former_stripe_ids"
    )
    lease = models.ForeignKey(
        Lease, on_delete=models.PROTECT, null=True, related_name="former_stripe_ids"
    )

    class Meta:
        ordering = ["-noted_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="former_stripe_id_has_one_owner",
                condition=(_ONE_SUBJECT & Q(house=None))
                | Q(house__isnull=False, resident=None, room=None, lease=None),
            ),
            models.UniqueConstraint(
                fields=["tenant", "kind", "stripe_id", "house", "resident", "room", "lease"],
                nulls_distinct=False,
                name="former_stripe_id_once",
            ),
        ]
        indexes = [models.Index(fields=["tenant", "stripe_id"], name="former_stripe_id_by_id")]

    def __str__(self) -> str:
        return self.stripe_id
