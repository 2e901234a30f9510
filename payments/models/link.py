"""Payment links: an address at which a customer can pay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest, Least
from django.urls import reverse

from core.encryption import EncryptedJSONField, EncryptedTextField
from core.models import EditableRow
from core.money import Money
from payments.models.offer import CustomField, Kept, LineItem


class PaymentLinkQuerySet(models.QuerySet["PaymentLink"]):
    """Questions about many links at once."""

    def with_status(self, status: str, now: datetime) -> PaymentLinkQuerySet:
        """Keep the links whose `status_at(now)` is `status`: the same rules in SQL."""
        full = Q(max_payments__isnull=False, paid_count__gte=F("max_payments"))
        in_parts = Q(pricing=PaymentLink.Pricing.PARTS)
        paid_off = in_parts & Q(received_minor__gte=F("amount_minor"))
        begun = in_parts & Q(received_minor__gt=0)
        done = full | paid_off
        off = Q(deactivated_at__isnull=False)
        over = Q(expires_at__isnull=False, expires_at__lte=now)
        early = Q(starts_at__isnull=False, starts_at__gt=now)
        names = PaymentLink.Status
        return self.filter(
            {
                names.PAID: (full & Q(max_payments=1)) | paid_off,
                names.LIMIT_REACHED: full & Q(max_payments__gt=1),
                names.DEACTIVATED: ~done & off,
                names.EXPIRED: ~done & ~off & over,
                names.NOT_YET_OPEN: ~done & ~off & ~over & early,
                names.PARTIALLY_PAID: ~done & ~off & ~over & ~early & begun,
                names.ACTIVE: ~done & ~off & ~over & ~early & ~begun,
            }[names(status)]
        )


class PaymentLink(EditableRow):
    """What a customer is asked to pay; its URL holds a random token and nothing else.

    `slots_taken` counts payments and open checkouts together, so that a link for five can never
    be paid six times; `paid_count` counts the payments. Of a link that is paid in parts,
    `claimed_minor` is the money of its payments and open checkouts together, `received_minor`
    that of its payments. Status is derived at a moment, since time passes without anybody
    writing. `terms_version` counts what it said over time (LinkVersion); `version` counts edits
    and switches alike.
    """

    class Pricing(models.TextChoices):
        FIXED = "fixed", "One amount"
        CHOSEN = "chosen", "The customer chooses the amount"
        ITEMS = "items", "Several items"
        PARTS = "parts", "One amount, paid in parts"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PARTIALLY_PAID = "partially_paid", "Partially paid"
        NOT_YET_OPEN = "not_yet_open", "Not yet open"
        EXPIRED = "expired", "Expired"
        PAID = "paid", "Paid"
        LIMIT_REACHED = "limit_reached", "Limit reached"
        DEACTIVATED = "deactivated", "Switched off"

    PAYABLE = (Status.ACTIVE, Status.PARTIALLY_PAID)
    DONE = (Status.PAID, Status.LIMIT_REACHED)

    token = EncryptedTextField(editable=False)
    title = models.CharField(max_length=120)
    description = models.TextField(max_length=1000, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    pricing = models.CharField(
        max_length=8, choices=Pricing, default=Pricing.FIXED, db_default=Pricing.FIXED.value
    )
    # Fixed: the amount. Chosen: what is proposed. Items: the sum as proposed. Parts: the whole.
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    offer = models.JSONField(default=dict, db_default=Value({}, models.JSONField()), editable=False)
    prefill = EncryptedJSONField(null=True, editable=False)
    starts_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    max_payments = models.PositiveIntegerField(null=True, blank=True, default=1)
    after_payment_message = models.CharField(max_length=500, blank=True)
    redirect_url = models.URLField(max_length=500, blank=True)
    slots_taken = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    paid_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    claimed_minor = models.BigIntegerField(default=0, db_default=0, editable=False)
    received_minor = models.BigIntegerField(default=0, db_default=0, editable=False)
    terms_version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    deactivated_at = models.DateTimeField(null=True, editable=False)
    # When it was off before: a payment of such a time stays late though the link is on again.
    times_off = ArrayField(DateTimeRangeField(), default=list, db_default=[], editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )

    min_amount_minor = Kept[int | None]("offer", None)
    max_amount_minor = Kept[int | None]("offer", None)
    preset_amount_minor = Kept[int | None]("offer", None)
    items = Kept[list[LineItem]]("offer", [])
    min_part_minor = Kept[int | None]("offer", None)
    custom_fields = Kept[list[CustomField]]("offer", [])
    terms_text = Kept[str]("offer", "")
    terms_url = Kept[str]("offer", "")
    customer_name = Kept[str]("prefill", "")
    customer_email = Kept[str]("prefill", "")

    objects = PaymentLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(name="link_amount_is_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="link_currency_is_upper_case", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="link_allows_a_payment",
                condition=Q(max_payments__isnull=True) | Q(max_payments__gt=0),
            ),
            models.CheckConstraint(
                name="link_slots_within_limit",
                condition=Q(max_payments__isnull=True) | Q(slots_taken__lte=F("max_payments")),
            ),
            models.CheckConstraint(
                name="link_starts_before_it_expires",
                condition=Q(starts_at__isnull=True)
                | Q(expires_at__isnull=True)
                | Q(starts_at__lt=F("expires_at")),
            ),
            models.CheckConstraint(
                name="link_parts_within_whole",
                condition=~Q(pricing="parts") | Q(claimed_minor__lte=F("amount_minor")),
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="link_newest"),
            models.Index(fields=["tenant", "expires_at"], name="link_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def amount(self) -> Money:
        """What one payment is, or of what it is a part; a proposal where the customer chooses."""
        return Money(self.amount_minor, self.currency)

    @property
    def received(self) -> Money:
        """What has come of a link that is paid in parts."""
        return Money(self.received_minor, self.currency)

    @property
    def remaining(self) -> Money:
        """What is still to come of a link that is paid in parts; never below zero."""
        return Money(max(self.amount_minor - self.received_minor, 0), self.currency)

    @property
    def unclaimed_minor(self) -> int:
        """What nobody has paid or is paying of a link that is paid in parts."""
        return max(self.amount_minor - self.claimed_minor, 0)

    @property
    def is_in_parts(self) -> bool:
        """Whether several payments make up its amount."""
        return self.pricing == self.Pricing.PARTS

    @property
    def is_full(self) -> bool:
        """Whether payments and open checkouts leave nothing to be claimed."""
        if self.is_in_parts:
            return self.unclaimed_minor == 0
        return self.max_payments is not None and self.slots_taken >= self.max_payments

    @property
    def asks_customer(self) -> bool:
        """Whether the customer has anything to fill in before paying."""
        has_choice = self.pricing in {self.Pricing.CHOSEN, self.Pricing.PARTS}
        asks = has_choice or self.asks_quantities or self.custom_fields or self.terms_text
        return bool(asks)

    @property
    def asks_quantities(self) -> bool:
        """Whether the customer may change how many there are of an item."""
        return any(item["max_quantity"] is not None for item in self.items)

    @property
    def url(self) -> str:
        """The public address to share with the customer."""
        return f"{settings.PUBLIC_URL}{reverse('pay', args=[self.token])}"

    def status_at(self, now: datetime) -> Status:
        """Return what the link is at `now`; paid and full come before expired and switched off.

        A customer who has paid must read "paid" however the link ended later.
        """
        if self.max_payments is not None and self.paid_count >= self.max_payments:
            return self.Status.PAID if self.max_payments == 1 else self.Status.LIMIT_REACHED
        if self.is_in_parts and self.received_minor >= self.amount_minor:
            return self.Status.PAID
        if self.deactivated_at is not None:
            return self.Status.DEACTIVATED
        return self._status_by_time(now)

    def _status_by_time(self, now: datetime) -> Status:
        if self.expires_at is not None and self.expires_at <= now:
            return self.Status.EXPIRED
        if self.starts_at is not None and now < self.starts_at:
            return self.Status.NOT_YET_OPEN
        has_begun = self.is_in_parts and self.received_minor > 0
        return self.Status.PARTIALLY_PAID if has_begun else self.Status.ACTIVE

    def was_payable_at(self, moment: datetime) -> bool:
        """Return whether a payment made at `moment` was made in time."""
        if self.deactivated_at is not None and self.deactivated_at < moment:
            return False
        if any(off.lower < moment < off.upper for off in self.times_off):
            return False
        return self.expires_at is None or moment <= self.expires_at

    def take_slot(self, minor: int) -> bool:
        """Count one more try or payment of `minor` units, if the limit allows it.

        One conditional UPDATE, so that no two can take the last place, or the last of the money.
        """
        free = Q(max_payments__isnull=True) | Q(slots_taken__lt=F("max_payments"))
        claim: dict[str, Any] = {"slots_taken": F("slots_taken") + 1}
        if self.is_in_parts:
            free &= Q(claimed_minor__lte=F("amount_minor") - minor)
            claim["claimed_minor"] = F("claimed_minor") + minor
        return bool(PaymentLink.objects.filter(free, pk=self.pk).update(**claim))

    def give_back_slot(self, minor: int) -> None:
        """Free what a checkout that ended without money had claimed."""
        freed: dict[str, Any] = {"slots_taken": F("slots_taken") - 1}
        if self.is_in_parts:
            # Late money that was kept may have filled up what this checkout held meanwhile.
            paid = Least(F("received_minor"), F("amount_minor"))
            freed["claimed_minor"] = Greatest(F("claimed_minor") - minor, paid)
        PaymentLink.objects.filter(pk=self.pk, slots_taken__gt=0).update(**freed)

    def count_payment(self, minor: int) -> None:
        """Count one payment of `minor` units that belongs to the link."""
        PaymentLink.objects.filter(pk=self.pk).update(
            paid_count=F("paid_count") + 1, received_minor=F("received_minor") + self._part(minor)
        )

    def count_late_payment(self, minor: int) -> None:
        """Count a payment that was kept though it came late, and had given its claim back."""
        part = self._part(minor)
        PaymentLink.objects.filter(pk=self.pk).update(
            paid_count=F("paid_count") + 1,
            received_minor=F("received_minor") + part,
            claimed_minor=Least(F("claimed_minor") + part, F("amount_minor")),
        )

    def _part(self, minor: int) -> int:
        return minor if self.is_in_parts else 0
