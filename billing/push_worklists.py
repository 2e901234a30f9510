"""What the first page says of pushes that need a person, and the way to the desk."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from billing.models import Push
from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.worklists import Worklist, register_worklist


def count_stopped(now: datetime) -> int:
    """Count the pushes that a person must look at."""
    return Push.objects.filter(state__in=[Push.State.MISMATCH, Push.State.BLOCKED]).count()


register_worklist(
    Worklist(
        name="stopped_pushes",
        title="Invoices that differ at Stripe, or that it refuses",
        count=count_stopped,
        url=lambda: reverse("billing_push"),
        why="Nothing wrong was sent. Read what differs, then try again or delete the draft.",
        order=40,
    )
)
register_nav(NavItem("Push desk", lambda: reverse("billing_push"), order=70, group="Billing"))
