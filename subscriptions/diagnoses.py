"""What `manage.py doctor` looks at in subscriptions: charges without an answer, rents that wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from core.doctor import Finding, Visit, fine, register, warning
from core.tenancy import scope
from subscriptions.models import Charge, RentTransfer

LATE = timedelta(minutes=15)
HELD_LONG = timedelta(days=7)


def look_at_charges(visit: Visit) -> Iterable[Finding]:
    """Count the charges about which the shop should have been asked again by now."""
    due = visit.now - LATE
    with scope(visit.of_tenant.pk):
        open_states = (Charge.State.CLAIMED, Charge.State.UNKNOWN)
        unsure = Charge.objects.filter(state__in=open_states, next_at__lt=due).count()
    if unsure:
        yield warning(
            f"{unsure} charges have no certain answer of the shop; none is charged again blindly",
            "Does the shop answer? Is a worker of the queue `shop` running?",
        )
    else:
        yield fine("every charge has its answer")


def look_at_rents(visit: Visit) -> Iterable[Finding]:
    """Count the rents that Stripe refused to send on, and those held for more than a week."""
    with scope(visit.of_tenant.pk):
        rents = RentTransfer.objects.all()
        refused = rents.filter(state=RentTransfer.State.REFUSED).count()
        since = visit.now - HELD_LONG
        held = rents.filter(state=RentTransfer.State.HELD, held_since__lt=since).count()
    if refused:
        yield warning(
            f"Stripe refuses to send {refused} rents on",
            "The house's page says why, and what next.",
        )
    if held:
        yield warning(
            f"{held} rents are held for more than a week",
            "Each rent's page says what it waits for.",
        )
    if not (refused or held):
        yield fine("no rent waits for long")


register("charges of clubs", look_at_charges, for_tenants=True)
register("rents", look_at_rents, for_tenants=True)
