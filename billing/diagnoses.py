"""What `manage.py doctor` looks at in billing: invoices that do not reach Stripe."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from billing.models import Push, PushDesk
from core.doctor import Finding, Visit, fine, register, warning
from core.tenancy import scope

LATE = timedelta(hours=1)


def look_at_pushes(visit: Visit) -> Iterable[Finding]:
    """Count what differs at Stripe, what a person must mend, and what waits too long."""
    with scope(visit.of_tenant.pk):
        desk = PushDesk.objects.first()
        pushes = Push.objects.all()
        differ = pushes.filter(state=Push.State.MISMATCH).count()
        blocked = pushes.filter(state=Push.State.BLOCKED).count()
        late = pushes.filter(state__in=Push.OPEN, next_at__lt=visit.now - LATE).count()
    is_paused = desk is not None and desk.paused_at is not None
    if differ:
        yield warning(
            f"{differ} invoices differ at Stripe and stand still: nobody is charged by them",
            "Look at them on the push desk, which says in what they differ.",
        )
    if blocked:
        yield warning(f"{blocked} pushes wait for a person", "The push desk says for what.")
    if desk is not None and desk.down_since is not None:
        yield warning(
            f"Stripe has given no certain answer since {desk.down_since:%Y-%m-%d %H:%M} UTC",
            "Look at Stripe's status page; pushes go on by themselves when it answers.",
        )
    elif late and not is_paused:
        yield warning(
            f"{late} pushes are due for more than an hour",
            "Are beat and a worker of the queue `billing` running?",
        )
    if is_paused:
        yield fine("the push desk is paused by a person")
    elif not (differ or blocked or late):
        yield fine("invoices go to Stripe")


register("push desk", look_at_pushes, for_tenants=True)
