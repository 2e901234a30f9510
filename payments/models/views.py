"""How often the public page of a link was looked at: a number a day, and nobody's traces."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from core.models import TenantRow
from payments.models.link import PaymentLink


class LinkViews(TenantRow):
    """The views of one link on one day of the company's calendar.

    Counted by `payments.operations.views.count_view`; no cookie, address or browser is kept.
    """

    link = models.ForeignKey(PaymentLink, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    views = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        verbose_name_plural = "link views"
        constraints = [
            # In this order it also finds the rows of some days.
            models.UniqueConstraint(fields=["tenant", "day", "link"], name="link_views_once_a_day"),
            models.CheckConstraint(name="link_views_not_negative", condition=Q(views__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.views} on {self.day}"
