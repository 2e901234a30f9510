"""What billing runs put on the back office: the way there, and what waits for a person."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from billing.queries.run_lists import runs_in_review, stuck_periods
from core.backoffice.navigation import NavItem, register_nav
from core.backoffice.worklists import Worklist, register_worklist
from core.models import User

ADMINS = frozenset({User.Role.ADMIN.value})


def count_in_review(now: datetime) -> int:
    """Count runs whose drafts wait to be approved."""
    return runs_in_review().count()


def count_stuck(now: datetime) -> int:
    """Count periods that are over and have no invoice."""
    return stuck_periods(now).count()


register_nav(NavItem("Billing runs", lambda: reverse("billing_runs"), order=65, group="Billing"))
register_worklist(
    Worklist(
        name="billing_runs_in_review",
        title="Billing runs in review",
        count=count_in_review,
        url=lambda: reverse("billing_runs"),
        why="Look at totals and outliers, then finalize: nothing is sent before.",
        order=60,
        roles=ADMINS,
    )
)
register_worklist(
    Worklist(
        name="billing_periods_waiting",
        title="Periods without their invoice",
        count=count_stuck,
        url=lambda: reverse("billing_runs"),
        why="They are over for a week and more. Open a run of their month, or of a later one.",
        order=61,
        roles=ADMINS,
    )
)
