"""The report of a run, as it goes out in CSV."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.tenancy import scope
from subscriptions.models import Club, Subscription
from subscriptions.queries.runs import report_rows
from tests.stripe import Sandbox
from tests.subscriptions.shops import started, work

pytestmark = pytest.mark.django_db
Join = Callable[..., Subscription]


def test_report_has_a_row_for_each_member(club: Club, join: Join, shop: Sandbox) -> None:
    for name in ("ann", "customer-declined-1"):
        join(name)
    run = started(club)
    work(run)

    with scope(club.tenant_id):
        headings, *rows = report_rows(run)

    assert headings[1:4] == ("customer_id", "state", "cause")
    assert [row[1:4] for row in rows] == [
        ("ann", "charged", ""),
        ("customer-declined-1", "failed", "customer"),
    ]
