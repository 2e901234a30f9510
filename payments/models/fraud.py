"""Against stolen cards: the owner's rules and lists, and what was counted, decided and told."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.encryption import EncryptedTextField
from core.models import EditableRow, TenantRow
from payments.models.checkout import Checkout
from payments.models.link import PaymentLink


class By(models.TextChoices):
    """Whom or what a rule counts for, and a list names."""

    ADDRESS = "address", "network address"
    LINK = "link", "link"
    EMAIL = "email", "e-mail"
    CARD = "card", "card"
    CHECKOUT = "checkout", "payment page"
    TENANT = "tenant", "whole company"
    COUNTRY = "country", "card's country"


class FraudRule(EditableRow):
    """One limit of velocity, which the owner may change: more than `most` in a window, then a step.

    Windows are fixed stretches of `window_seconds`. A minimum amount is a rule too: it counts
    nothing, and `most` is the smallest amount that passes, in minor units of `currency`.
    """

    class Counts(models.TextChoices):
        TRIES = "tries", "Presses of the button"
        DECLINES = "declines", "Declined cards"
        DECLINES_AFTER_CHECK = "declines_checked", "Declined cards of people who passed the check"
        CARDS = "cards", "Different cards"
        AMOUNT_BELOW = "amount_below", "Amount below"

    class Step(models.TextChoices):
        SECURE = "three_d_secure", "Ask the bank to confirm (3-D Secure)"
        CHALLENGE = "challenge", "Have the browser do a check first"
        CLOSE = "close", "Close the payment page"
        BLOCK = "block", "Refuse until the time is over"
        PAUSE = "pause", "Pause the link and tell us"

    name = models.CharField(max_length=120)
    counts = models.CharField(max_length=16, choices=Counts)
    by = models.CharField(max_length=8, choices=By)
    most = models.PositiveBigIntegerField()
    window_seconds = models.PositiveIntegerField(default=3600)
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")
    step = models.CharField(max_length=16, choices=Step)
    is_on = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ["counts", "by", "most", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "counts", "by", "step", "currency"], name="fraud_rule_once"
            ),
            models.CheckConstraint(
                name="fraud_rule_has_window",
                condition=Q(window_seconds__gte=1, window_seconds__lte=30 * 86_400),
            ),
            models.CheckConstraint(
                name="fraud_rule_amount_has_currency",
                condition=(Q(counts="amount_below") & ~Q(currency=""))
                | (~Q(counts="amount_below") & Q(currency="")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def window_at(self, now: datetime) -> tuple[int, int]:
        """Return begin and end of the window that `now` lies in, in seconds since 1970."""
        begin = int(now.timestamp()) // self.window_seconds * self.window_seconds
        return begin, begin + self.window_seconds


class ListedParty(TenantRow):
    """Somebody who always passes, or never does. `value` is encrypted; `mark` finds it."""

    class Kind(models.TextChoices):
        ALLOW = "allow", "Always let through"
        BLOCK = "block", "Never let through"

    NAMED_BY = (By.ADDRESS, By.EMAIL, By.CARD, By.COUNTRY)

    kind = models.CharField(max_length=5, choices=Kind)
    by = models.CharField(
        max_length=8, choices=[(by.value, by.label.capitalize()) for by in NAMED_BY]
    )
    value = EncryptedTextField()
    mark = models.CharField(max_length=64, editable=False)
    note = models.CharField(max_length=300, blank=True, default="", db_default="")
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )

    class Meta:
        verbose_name_plural = "listed parties"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "mark"], name="listed_party_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"


class FraudCount(TenantRow):
    """How often something happened in one window; `mark` says what, and cannot be read back."""

    mark = models.CharField(max_length=64)
    ends_at = models.DateTimeField()
    count = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "mark", "ends_at"], name="fraud_count_once"),
        ]
        indexes = [models.Index(fields=["tenant", "ends_at"], name="fraud_count_by_end")]

    def __str__(self) -> str:
        return f"{self.count} until {self.ends_at}"


class FraudDecision(TenantRow):
    """What was decided about one try or one declined card, and why. Append-only (a trigger).

    `address` lies encrypted; `address_mark` and `email_mark` count and find, and say nobody's
    address. Kept for FRAUD_RETENTION_DAYS.
    """

    class Outcome(models.TextChoices):
        ALLOWED = "allowed", "Let through"
        SECURED = "secured", "Let through, with 3-D Secure"
        CHALLENGED = "challenged", "Asked for a check"
        REFUSED = "refused", "Refused"
        CLOSED = "closed", "Payment page closed"
        PAUSED = "paused", "Link paused"

    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.CharField(max_length=300)
    rule = models.ForeignKey(FraudRule, on_delete=models.PROTECT, null=True, related_name="+")
    counted = models.BigIntegerField(default=0, db_default=0)
    kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    link = models.ForeignKey(
        PaymentLink, on_delete=models.PROTECT, null=True, related_name="fraud_decisions"
    )
    checkout = models.ForeignKey(
        Checkout, on_delete=models.PROTECT, null=True, related_name="fraud_decisions"
    )
    passed_check = models.BooleanField(default=False, db_default=False)
    address = EncryptedTextField(default="")
    address_mark = models.CharField(max_length=64, blank=True, default="", db_default="")
    email_mark = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["tenant", "-created_at", "-id"], name="fraud_decision_newest"),
            models.Index(fields=["tenant", "checkout"], name="fraud_decision_by_checkout"),
            models.Index(fields=["tenant", "subject_id", "-created_at"], name="fraud_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.reason}"


class FraudAlarm(TenantRow):
    """The owner is told: a rule was broken. While one that pauses a link is open, it stays paused.

    One open alarm for each rule and link, however often it is broken; `times` counts.
    """

    rule = models.ForeignKey(FraudRule, on_delete=models.PROTECT, related_name="alarms")
    link = models.ForeignKey(
        PaymentLink, on_delete=models.PROTECT, null=True, related_name="alarms"
    )
    step = models.CharField(max_length=16, choices=FraudRule.Step)
    reason = models.CharField(max_length=300)
    raised_at = models.DateTimeField()
    last_at = models.DateTimeField()
    times = models.BigIntegerField(default=1, db_default=1)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering = ["-raised_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "rule", "link"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="fraud_alarm_open_once",
            ),
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def is_pause(self) -> bool:
        """Whether it keeps a link paused until somebody ends it."""
        return self.step == FraudRule.Step.PAUSE and self.ended_at is None


class CardTry(TenantRow):
    """One charge at Stripe, gone through or declined, with Radar's outcome as Stripe gave it.

    `card` is Stripe's fingerprint of the card or account (encrypted), `card_mark` finds it.
    """

    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="card_tries")
    stripe_charge_id = models.CharField(max_length=255)
    is_paid = models.BooleanField()
    method = models.CharField(max_length=40, blank=True)
    card = EncryptedTextField(default="")
    card_mark = models.CharField(max_length=64, blank=True)
    email_mark = models.CharField(max_length=64, blank=True)
    country = models.CharField(max_length=2, blank=True)
    decline_code = models.CharField(max_length=64, blank=True)
    # Radar: normal, elevated, highest, not_assessed; the score from 0 to 99 where Stripe gives it.
    risk_level = models.CharField(max_length=20, blank=True)
    risk_score = models.PositiveSmallIntegerField(null=True)
    outcome_type = models.CharField(max_length=30, blank=True)
    outcome_reason = models.CharField(max_length=80, blank=True)
    seller_message = models.CharField(max_length=500, blank=True)
    is_secured = models.BooleanField(default=False, db_default=False)
    # Why the money of a blocked party waits for a person.
    suspicion = models.CharField(max_length=300, blank=True, default="", db_default="")
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "card tries"
        ordering = ["-made_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "stripe_charge_id"], name="card_try_once_per_charge"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "checkout", "-made_at"], name="card_try_by_checkout"),
            models.Index(
                fields=["tenant", "email_mark", "-made_at"],
                name="card_try_by_email",
                condition=~Q(email_mark=""),
            ),
            models.Index(
                fields=["tenant", "made_at"],
                name="card_try_suspicious",
                condition=Q(is_paid=True, cleared_at__isnull=True) & ~Q(suspicion=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stripe_charge_id} · {'paid' if self.is_paid else 'declined'}"
