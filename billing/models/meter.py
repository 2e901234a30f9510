"""Meters: what is counted, and how many events become one quantity."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.organization import CODE
from core.models import TenantRow


class Meter(TenantRow):
    """One kind of usage. What it is counted by cannot change once it has been used (trigger).

    Over a period: `sum` adds quantities, `count` adds events, `max` takes the largest quantity,
    `latest` that of the last moment, `unique` counts the different values of the dimension
    `unique_by`. `dimensions` are the names by which usage is told apart, such as app and region;
    `unique_by` is not among them, as each of its values would be told apart.
    """

    class Aggregation(models.TextChoices):
        SUM = "sum", _("Sum of quantities")
        COUNT = "count", _("Number of events")
        MAX = "max", _("Largest quantity")
        LATEST = "latest", _("Latest quantity")
        UNIQUE = "unique", _("Different values")

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=120)
    product = models.CharField(max_length=120, blank=True)
    unit = models.CharField(max_length=40, blank=True)
    aggregation = models.CharField(max_length=6, choices=Aggregation.choices)
    dimensions = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    unique_by = models.CharField(max_length=40, blank=True, default="")
    allows_negative = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)

    class Meta:
        ordering = ["product", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="meter_code_once"),
            models.CheckConstraint(name="meter_code_is_plain", condition=Q(code__regex=CODE)),
            models.CheckConstraint(
                name="unique_meter_says_by_what",
                condition=Q(aggregation="unique", unique_by__gt="")
                | (~Q(aggregation="unique") & Q(unique_by="")),
            ),
            models.CheckConstraint(
                name="only_sums_may_be_negative",
                condition=Q(allows_negative=False) | Q(aggregation="sum"),
            ),
        ]

    def __str__(self) -> str:
        return self.name
