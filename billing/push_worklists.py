"""What the first page says of pushes that need a person, and the way to the desk."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.http import urlencode

from billing.models import InvoicePosting, Push
from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.worklists import Worklist, register_worklist

WAITING = {"kind": InvoicePosting.Kind.DISPUTE.value, "status": "needs_response"}


def count_stopped(now: datetime) -> int:
    """Count the pushes that a person must look at."""
    return Push.objects.filter(state__in=[Push.State.MISMATCH, Push.State.BLOCKED]).count()


def count_disputed(now: datetime) -> int:
    """Count the disputes about invoices whose bank waits for an answer."""
    return InvoicePosting.objects.filter(**WAITING).count()


def _disputed_url() -> str:
    waiting = {f"{name}__exact": value for name, value in WAITING.items()}
    return f"{reverse('admin:billing_invoiceposting_changelist')}?{urlencode(waiting)}"


register_worklist(
    Worklist(
        name="disputed_invoices",
        title="Disputed invoices",
        count=count_disputed,
        url=_disputed_url,
        why="The payer's bank waits for evidence, and takes none after the last day.",
        order=9,
    )
)
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
