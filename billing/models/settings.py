"""How a company bills: one row each, made when something is changed first."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from billing.models.organization import Organization
from core.models import EditableRow


class BillingSettings(EditableRow):
    """When periods close, how old usage may be, and what new organizations begin with.

    A period is closed `grace_hours` after its end. Usage older than `oldest_usage_days` is refused;
    without it the setting USAGE_OLDEST_DAYS counts. `net_days` and `below_minimum` are those of
    new organizations.
    """

    grace_hours = models.PositiveSmallIntegerField(default=24, db_default=24)
    oldest_usage_days = models.PositiveSmallIntegerField(null=True, blank=True)
    net_days = models.PositiveSmallIntegerField(default=14, db_default=14)
    below_minimum = models.CharField(
        max_length=5,
        choices=Organization.BelowMinimum.choices,
        default=Organization.BelowMinimum.CARRY,
        db_default=Organization.BelowMinimum.CARRY,
    )

    class Meta:
        verbose_name_plural = "billing settings"
        constraints = [
            models.UniqueConstraint(fields=["tenant"], name="billing_settings_once_per_tenant"),
            models.CheckConstraint(
                name="billing_grace_is_at_most_a_month", condition=Q(grace_hours__lte=744)
            ),
            models.CheckConstraint(
                name="oldest_usage_is_of_some_days",
                condition=Q(oldest_usage_days__gte=1, oldest_usage_days__lte=400),
            ),
            models.CheckConstraint(
                name="billing_net_days_is_at_most_a_year", condition=Q(net_days__lte=365)
            ),
        ]

    def __str__(self) -> str:
        return "How we bill"
