"""Payment links: an address at which a customer can pay one amount."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from core.encryption import EncryptedTextField
from core.models import EditableRow
from core.money import Money


class PaymentLinkQuerySet(models.QuerySet["PaymentLink"]):
    """Questions about many links at once."""

    def with_status(self, status: str, now: datetime) -> PaymentLinkQuerySet:
        """Keep the links whose `status_at(now)` is `status`: the same rules in SQL."""
        full = Q(max_payments__isnull=False, paid_count__gte=F("max_payments"))
        off = Q(deactivated_at__isnull=False)
        over = Q(expires_at__isnull=False, expires_at__lte=now)
        early = Q(starts_at__isnull=False, starts_at__gt=now)
        names = PaymentLink.Status
        return self.filter(
            {
                names.PAID: full & Q(max_payments=1),
                names.LIMIT_REACHED: full & Q(max_payments__gt=1),
                names.DEACTIVATED: ~full & off,
                names.EXPIRED: ~full & ~off & over,
                names.NOT_YET_OPEN: ~full & ~off & ~over & early,
                names.ACTIVE: ~full & ~off & ~over & ~early,
            }[names(status)]
        )


class PaymentLink(EditableRow):
    """What a customer is asked to pay; its URL holds a random token and nothing else.

    `slots_taken` counts payments and open checkouts together, so that a link for five can never
    be paid six times; `paid_count` counts the payments. Status is derived at a moment, since
    time passes without anybody writing.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        NOT_YET_OPEN = "not_yet_open", "Not yet open"
        EXPIRED = "expired", "Expired"
        PAID = "paid", "Paid"
        LIMIT_REACHED = "limit_reached", "Limit reached"
        DEACTIVATED = "deactivated", "Switched off"

    token = EncryptedTextField(editable=False)
    title = models.CharField(max_length=120)
    description = models.TextField(max_length=1000, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    starts_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    max_payments = models.PositiveIntegerField(null=True, blank=True, default=1)
    after_payment_message = models.CharField(max_length=500, blank=True)
    redirect_url = models.URLField(max_length=500, blank=True)
    slots_taken = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    paid_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
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
        ]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="link_newest"),
            models.Index(fields=["tenant", "expires_at"], name="link_by_expiry"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def amount(self) -> Money:
        """What one payment is."""
        return Money(self.amount_minor, self.currency)

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
        if self.deactivated_at is not None:
            return self.Status.DEACTIVATED
        if self.expires_at is not None and self.expires_at <= now:
            return self.Status.EXPIRED
        if self.starts_at is not None and now < self.starts_at:
            return self.Status.NOT_YET_OPEN
        return self.Status.ACTIVE

    def was_payable_at(self, moment: datetime) -> bool:
        """Return whether a payment made at `moment` was made in time."""
        if self.deactivated_at is not None and self.deactivated_at < moment:
            return False
        if any(off.lower < moment < off.upper for off in self.times_off):
            return False
        return self.expires_at is None or moment <= self.expires_at

    def take_slot(self) -> bool:
        """Count one more try or payment, if the limit allows; one conditional UPDATE, no race."""
        return bool(
            PaymentLink.objects.filter(
                Q(max_payments__isnull=True) | Q(slots_taken__lt=F("max_payments")), pk=self.pk
            ).update(slots_taken=F("slots_taken") + 1)
        )

    def give_back_slot(self) -> None:
        """Free the slot of a checkout that ended without money."""
        PaymentLink.objects.filter(pk=self.pk, slots_taken__gt=0).update(
            slots_taken=F("slots_taken") - 1
        )

    def count_payment(self) -> None:
        """Count one payment that belongs to the link."""
        PaymentLink.objects.filter(pk=self.pk).update(paid_count=F("paid_count") + 1)
