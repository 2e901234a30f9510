"""The board's figures: a customer is counted by what they were before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from core.models import Tenant
from core.tenancy import scope
from subscriptions.models import Club, Subscription
from subscriptions.operations.status import change_status
from subscriptions.queries.board import BoardMonth, board

pytestmark = pytest.mark.django_db


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def given(member: Subscription, status: int, now: datetime) -> None:
    with scope(member.tenant_id):
        change_status(reference=member.reference, status=status, by=None, now=now)


def shown(tenant: Tenant, club: Club | None = None) -> list[BoardMonth]:
    with scope(tenant.pk):
        return board(
            last=date(2026, 4, 1), count=4, zone="Europe/Amsterdam", club=club, now=at(4, 20)
        )


def test_board_counts_each_change_for_what_it_is(
    tenant: Tenant, join: Callable[..., Subscription]
) -> None:
    ann, ben = join("ann", now=at(1, 5)), join("ben", now=at(1, 6))
    join("cleo", now=at(2, 1))
    given(ann, 3, at(2, 10))
    given(ann, 1, at(3, 10))
    given(ben, 2, at(3, 11))
    given(ben, 1, at(4, 1))
    given(ann, 2, at(4, 25))  # after the moment of the board

    months = shown(tenant)

    assert months == [
        BoardMonth(date(2026, 1, 1), 0, joins=2, pauses=0, returns=0, cancellations=0),
        BoardMonth(date(2026, 2, 1), 2, joins=1, pauses=1, returns=0, cancellations=0),
        BoardMonth(date(2026, 3, 1), 3, joins=0, pauses=0, returns=1, cancellations=1),
        BoardMonth(date(2026, 4, 1), 2, joins=1, pauses=0, returns=0, cancellations=0),
    ]
    assert [month.churn for month in months] == [None, 0.0, pytest.approx(33.33, abs=0.01), 0.0]


def test_month_begins_at_midnight_of_the_zone(
    tenant: Tenant, join: Callable[..., Subscription]
) -> None:
    join("ann", now=at(3, 31, 21))
    join("ben", now=at(3, 31, 22))

    assert [month.joins for month in shown(tenant)] == [0, 0, 1, 1]


def test_board_of_one_club(
    tenant: Tenant, other_club: Club, join: Callable[..., Subscription]
) -> None:
    join("ann", now=at(1, 5))
    join("ben", now=at(1, 5), club_number=2)

    assert sum(month.joins for month in shown(tenant, other_club)) == 1


def test_board_of_another_company_is_empty(
    other_tenant: Tenant, join: Callable[..., Subscription]
) -> None:
    join("ann", now=at(1, 5))

    assert sum(month.joins for month in shown(other_tenant)) == 0
