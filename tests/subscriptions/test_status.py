"""Pausing, cancelling and activating: what a history says, command after command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.models import Tenant, User
from core.tenancy import scope
from subscriptions.models import Club, Subscription, SubscriptionStatusChange
from subscriptions.operations.status import (
    CommandInvalid,
    StatusOutcome,
    SubscriptionUnknown,
    change_status,
)
from tests.subscriptions.conftest import NOW

pytestmark = pytest.mark.django_db
ACTIVE, CANCELLED, PAUSED = 1, 2, 3
DAY = timedelta(days=1)
Command = Callable[..., StatusOutcome]


@pytest.fixture
def member(join: Callable[..., Subscription]) -> Subscription:
    """A member since NOW."""
    return join()


@pytest.fixture
def command(member: Subscription) -> Command:
    """Command the member's status, a day after they joined unless another time is given."""

    def command(status: int, now: datetime = NOW + DAY, **fields: Any) -> StatusOutcome:
        with scope(member.tenant_id):
            wanted = {"by": None, **fields}
            return change_status(reference=member.reference, status=status, now=now, **wanted)

    return command


def status_on(member: Subscription, moment: datetime) -> int | None:
    with scope(member.tenant_id):
        found = Subscription.objects.get(pk=member.pk)
        by_history = found.changes.at(moment)
        assert found.status_at(moment) == (by_history.status if by_history else None)
        return found.status_at(moment)


def test_pause_holds_until_activated(member: Subscription, command: Command) -> None:
    paused = command(PAUSED, details="On holiday")
    command(ACTIVE, NOW + 9 * DAY)

    assert (paused.changed, paused.status_now, paused.row.details) == (True, PAUSED, "On holiday")
    seen = [status_on(member, NOW + n * DAY) for n in (-1, 0, 1, 8, 9)]
    assert seen == [None, ACTIVE, PAUSED, PAUSED, ACTIVE]


def test_pause_with_interval_writes_its_return_at_once(
    member: Subscription, command: Command
) -> None:
    paused = command(PAUSED, interval=30)

    assert paused.returns is not None
    assert (paused.returns.effective_at, paused.returns.details) == (
        NOW + 31 * DAY,
        "Automatic return schedule",
    )
    assert paused.next_change == paused.returns
    assert [status_on(member, NOW + n * DAY) for n in (30, 31)] == [PAUSED, ACTIVE]


@pytest.mark.parametrize(
    ("starts", "days", "ends"),
    [
        ("2027-01-31T09:00", 30, "2027-03-02T09:00"),
        ("2028-02-01T09:00", 28, "2028-02-29T09:00"),
        ("2026-12-31T23:59", 1, "2027-01-01T23:59"),
        # Clocks in Amsterdam go forward on 28 March 2027 and back on 31 October 2027.
        ("2027-03-27T12:00", 1, "2027-03-28T12:00"),
        ("2027-10-30T23:00", 2, "2027-11-01T23:00"),
    ],
)
def test_pause_lasts_whole_days_of_24_hours_in_utc(
    starts: str, days: int, ends: str, member: Subscription, command: Command
) -> None:
    until = datetime.fromisoformat(f"{ends}Z")

    command(PAUSED, effective_at=datetime.fromisoformat(f"{starts}Z"), interval=days)

    assert status_on(member, until - timedelta(microseconds=1)) == PAUSED
    assert status_on(member, until) == ACTIVE


def test_scheduled_cancellation_waits_for_its_day(member: Subscription, command: Command) -> None:
    outcome = command(CANCELLED, effective_at=NOW + 20 * DAY)

    assert (outcome.status_now, outcome.next_change) == (ACTIVE, outcome.row)
    assert [status_on(member, NOW + n * DAY) for n in (19, 20)] == [ACTIVE, CANCELLED]


def test_cancelled_is_not_woken_by_an_old_return(member: Subscription, command: Command) -> None:
    command(PAUSED, interval=10)

    cancelled = command(CANCELLED, NOW + 2 * DAY)

    assert [row.details for row in cancelled.withdrawn] == ["Automatic return schedule"]
    assert status_on(member, NOW + 400 * DAY) == CANCELLED
    with scope(member.tenant_id):
        traced = SubscriptionStatusChange.objects.exclude(withdrawn_at=None).get()
    assert (traced.effective_at, traced.withdrawn_at) == (NOW + 11 * DAY, NOW + 2 * DAY)


def test_cancelled_is_not_woken_by_a_return_put_in_by_sql(
    member: Subscription, command: Command
) -> None:
    with scope(member.tenant_id):
        for status, day, details in ((3, 1, "pause"), (1, 9, "Automatic return schedule")):
            SubscriptionStatusChange.objects.create(
                tenant_id=member.tenant_id, subscription=member, reference=f"sql-{day}",
                status=status, effective_at=NOW + day * DAY, details=details,
            )  # fmt: skip

    command(CANCELLED, NOW + 2 * DAY)

    assert status_on(member, NOW + 30 * DAY) == CANCELLED


def test_cancelled_before_a_planned_pause_stays_cancelled(
    member: Subscription, command: Command
) -> None:
    command(PAUSED, effective_at=NOW + 10 * DAY, interval=5)

    cancelled = command(CANCELLED, NOW + 2 * DAY)

    assert [row.status for row in cancelled.withdrawn] == [PAUSED, ACTIVE]
    assert status_on(member, NOW + 30 * DAY) == CANCELLED


def test_longer_pause_is_not_ended_by_the_shorter_one(
    member: Subscription, command: Command
) -> None:
    command(PAUSED, interval=10)
    command(PAUSED, NOW + 5 * DAY, interval=30)

    assert [status_on(member, NOW + n * DAY) for n in (11, 34, 35)] == [PAUSED, PAUSED, ACTIVE]


def test_planned_pause_keeps_its_return(member: Subscription, command: Command) -> None:
    command(PAUSED, effective_at=NOW + 20 * DAY, interval=10)
    command(PAUSED, interval=3)

    days = (3, 4, 19, 20, 29, 30)
    seen = [status_on(member, NOW + n * DAY) for n in days]
    assert seen == [PAUSED, ACTIVE, ACTIVE, PAUSED, PAUSED, ACTIVE]


def test_cancelled_comes_back_by_activation(member: Subscription, command: Command) -> None:
    command(CANCELLED)
    command(ACTIVE, NOW + 5 * DAY)

    assert status_on(member, NOW + 6 * DAY) == ACTIVE


def test_later_command_is_the_days_last_word_with_a_trace(
    member: Subscription, command: Command
) -> None:
    # 20:00 in Amsterdam is the same day there as noon.
    evening = NOW + DAY + timedelta(hours=7)
    command(PAUSED, effective_at=evening)

    outcome = command(CANCELLED)

    assert [(row.status, row.effective_at) for row in outcome.withdrawn] == [(PAUSED, evening)]
    assert status_on(member, evening) == CANCELLED


def test_day_of_the_last_word_is_the_clubs(
    member: Subscription, command: Command, club: Club
) -> None:
    # 22:30 UTC is 23:30 in Amsterdam, an hour later it is tomorrow there and today in UTC.
    late = NOW.replace(hour=23, minute=15)
    command(PAUSED, NOW.replace(hour=13), effective_at=late)

    outcome = command(ACTIVE, NOW.replace(hour=14), effective_at=NOW.replace(hour=22))

    assert outcome.withdrawn == []
    assert status_on(member, late) == PAUSED


def test_same_moment_is_decided_by_the_later_command(
    member: Subscription, command: Command
) -> None:
    for status in (PAUSED, CANCELLED, PAUSED, ACTIVE):
        command(status)

    assert status_on(member, NOW + DAY) == ACTIVE


@pytest.mark.parametrize(
    "fields",
    [
        {"status": ACTIVE},
        {"status": PAUSED},
        {"status": CANCELLED, "details": "Moved away"},
        {"status": PAUSED, "interval": 14},
        {"status": CANCELLED, "effective_at": NOW + 40 * DAY},
        {"status": PAUSED, "interval": 14, "effective_at": NOW + 40 * DAY},
        {"status": PAUSED, "returns_at": NOW + 40 * DAY},
    ],
)
def test_command_repeated_changes_nothing(
    fields: dict[str, Any], member: Subscription, command: Command
) -> None:
    first = command(**fields)
    with scope(member.tenant_id):
        before = list(SubscriptionStatusChange.objects.order_by("pk").values())

    again = command(now=NOW + DAY + timedelta(hours=1), **fields)

    assert (again.changed, again.row, again.withdrawn) == (False, first.row, [])
    with scope(member.tenant_id):
        assert list(SubscriptionStatusChange.objects.order_by("pk").values()) == before


def test_activation_is_repeated_only_when_nothing_else_is_planned_for_the_day(
    member: Subscription, command: Command
) -> None:
    command(PAUSED, effective_at=NOW + DAY + timedelta(hours=4))

    outcome = command(ACTIVE)

    assert (outcome.changed, len(outcome.withdrawn)) == (True, 1)
    assert status_on(member, NOW + 2 * DAY) == ACTIVE


def test_program_may_not_go_back_in_time(command: Command) -> None:
    with pytest.raises(CommandInvalid, match="Only staff") as refused:
        command(CANCELLED, effective_at=NOW)

    assert (refused.value.field, refused.value.code) == ("effect_date", "in_the_past")


def test_staff_go_back_in_time_with_a_reason(
    member: Subscription, command: Command, admin: User
) -> None:
    with pytest.raises(CommandInvalid) as refused:
        command(CANCELLED, NOW + 9 * DAY, effective_at=NOW + DAY, by=admin)
    command(CANCELLED, NOW + 9 * DAY, effective_at=NOW + DAY, by=admin, details="Died in March")

    assert refused.value.field == "details"
    assert [status_on(member, NOW + n * DAY) for n in (0, 1)] == [ACTIVE, CANCELLED]


def test_clock_a_little_behind_is_now(member: Subscription, command: Command) -> None:
    command(PAUSED, effective_at=NOW + DAY - timedelta(minutes=4))

    assert status_on(member, NOW + DAY) == PAUSED


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"status": 4}, "status_id"),
        ({"status": ACTIVE, "interval": 3}, "interval"),
        ({"status": PAUSED, "interval": 0}, "interval"),
        ({"status": PAUSED, "interval": 3651}, "interval"),
        ({"status": PAUSED, "effective_at": datetime(2200, 1, 1, tzinfo=UTC)}, "effect_date"),
        ({"status": PAUSED, "effective_at": datetime(1, 1, 1, tzinfo=UTC)}, "effect_date"),
        (
            {"status": PAUSED, "effective_at": datetime(2199, 12, 9, tzinfo=UTC), "interval": 99},
            "interval",
        ),
        ({"status": PAUSED, "returns_at": NOW}, "returns_at"),
        ({"status": PAUSED, "returns_at": NOW + 9 * DAY, "interval": 2}, "returns_at"),
    ],
)
def test_bad_command_is_refused(fields: dict[str, Any], at_fault: str, command: Command) -> None:
    with pytest.raises(CommandInvalid) as refused:
        command(**fields)

    assert refused.value.field == at_fault


def test_unknown_and_foreign_subscriptions_are_alike(
    member: Subscription, other_tenant: Tenant
) -> None:
    for tenant_id, reference in (
        (member.tenant_id, "nobody"),
        (other_tenant.pk, member.reference),
    ):
        with scope(tenant_id), pytest.raises(SubscriptionUnknown):
            change_status(reference=reference, status=1, by=None, now=NOW)


# --- any sequence of commands against the rule in a few lines -----------------------------------


class Model:
    """The rule: rows in order of effect, then of arrival; a command takes back what it replaces."""

    def __init__(self) -> None:
        self.rows: list[tuple[datetime, int, int, bool]] = [(NOW, 0, ACTIVE, False)]

    def command(
        self, n: int, now: datetime, status: int, effect: datetime, days: int | None
    ) -> None:
        zone = ZoneInfo("Europe/Amsterdam")
        gone: set[int] = set()
        rows = sorted(self.rows)
        for i, (at, _, was, is_return) in enumerate(rows):
            pause = max((j for j, r in enumerate(rows) if r[2] == PAUSED and r[0] < at), default=-1)
            ended = is_return and (pause < 0 or pause in gone or rows[pause][0] <= effect)
            same_day = at.astimezone(zone).date() == effect.astimezone(zone).date()
            moot = status == CANCELLED and was == PAUSED and at > now
            if at > effect and (ended or same_day or moot):
                gone.add(i)
        self.rows = [row for i, row in enumerate(rows) if i not in gone]
        self.rows.append((effect, n, status, False))
        if days is not None:
            self.rows.append((effect + days * DAY, n, ACTIVE, True))

    def at(self, moment: datetime) -> int | None:
        return max((row for row in self.rows if row[0] <= moment), default=(0, 0, None))[2]


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from([ACTIVE, CANCELLED, PAUSED]),
        st.integers(0, 60),  # hours after the command before it
        st.none() | st.integers(0, 240),  # hours until it takes effect
        st.none() | st.integers(1, 12),  # days of a pause
    ),
    max_size=9,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(commands=COMMANDS)
def test_any_commands_leave_what_the_rule_says(
    commands: list[tuple[int, int, int | None, int | None]], join: Callable[..., Subscription]
) -> None:
    member, model, now = join(f"customer {id(commands)}-{len(commands)}"), Model(), NOW

    for n, (status, wait, delay, days) in enumerate(commands, start=1):
        now += timedelta(hours=wait)
        effect = now + timedelta(hours=delay or 0)
        interval = days if status == PAUSED else None
        with scope(member.tenant_id):
            outcome = change_status(
                reference=member.reference, status=status, now=now, by=None, interval=interval,
                effective_at=None if delay is None else effect,
            )  # fmt: skip
        if outcome.changed:
            model.command(n, now, status, effect, interval)
        assert outcome.status_now == model.at(now)

    with scope(member.tenant_id):
        found = Subscription.objects.get(pk=member.pk)
        for hours in range(0, 24 * 40, 5):
            moment = NOW + timedelta(hours=hours)
            assert found.status_at(moment) == model.at(moment)
        SubscriptionStatusChange.objects.filter(subscription=member).delete()
        member.delete()
