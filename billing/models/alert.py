"""Alerts and spend limits: told once for each threshold and period."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.fields import ExactField
from billing.models.meter import Meter
from billing.models.organization import Organization
from billing.models.period import BillingPeriod
from core.models import EditableRow, TenantRow


class Alert(EditableRow):
    """A threshold for what is owed in a period, or for the usage of one meter in it.

    A limit is an amount from which on the organization wants no more usage: programs are told
    and ask `is_over_limit`. Usage that comes all the same is kept and billed.
    """

    class Kind(models.TextChoices):
        AMOUNT = "amount", _("Amount owed")
        USAGE = "usage", _("Usage of a meter")
        LIMIT = "limit", _("Spend limit")

    class SetBy(models.TextChoices):
        CUSTOMER = "customer", "The organization"
        STAFF = "staff", "Staff"

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="alerts")
    kind = models.CharField(max_length=6, choices=Kind.choices)
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, null=True, related_name="+")
    amount_minor = models.BigIntegerField(null=True)
    quantity = ExactField(null=True)
    set_by = models.CharField(max_length=8, choices=SetBy.choices, default=SetBy.STAFF)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["organization", "created_at"]
        constraints = [
            models.CheckConstraint(
                name="alert_has_its_threshold",
                condition=Q(
                    kind="usage", meter__isnull=False, quantity__gt=0, amount_minor__isnull=True
                )
                | (
                    ~Q(kind="usage")
                    & Q(meter__isnull=True, quantity__isnull=True, amount_minor__gt=0)
                ),
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(kind="limit", ended_at=None),
                name="one_spend_limit_per_organization",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class AlertFiring(TenantRow):
    """An alert that was reached in a period: once, however often it is looked at."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="firings")
    period = models.ForeignKey(BillingPeriod, on_delete=models.PROTECT, null=True, related_name="+")
    period_starts_on = models.DateField()
    # What was reached: minor units or a quantity, and the threshold at that time.
    value = ExactField()
    threshold = ExactField()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "period_starts_on", "threshold"], name="alert_fires_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert} · {self.period_starts_on}"
