"""The worklist of application fees that were not paid."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from core.backoffice.worklists import Worklist, register_worklist
from crm.queries.fees import unattended_fees


def count_unpaid(now: datetime) -> int:
    """Count the fees that failed or ran out and that nobody has looked after."""
    return unattended_fees().count()


register_worklist(
    Worklist(
        name="application_fees_unpaid",
        title="Application fees not paid",
        count=count_unpaid,
        url=lambda: reverse("fees_unpaid"),
        why="The page ended or the bank said no: ask the applicant, then take it off the list.",
        order=50,
    )
)
