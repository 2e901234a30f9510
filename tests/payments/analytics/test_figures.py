"""Figures equal the rows to the unit: in three zones, at borders of days, under any filter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.models import Tenant
from core.tenancy import scope
from payments.analytics.chosen import Bound, Chosen
from payments.analytics.figures import ByState, Figures, figures
from payments.models import Dispute
from tests.payments.analytics.conftest import DAYS, KINDS, Ledger, border
from tests.payments.analytics.reckoning import Reckoning, States

pytestmark = pytest.mark.django_db
ZONES = ["Pacific/Auckland", "America/St_Johns", "Europe/Amsterdam"]
NewLedger = Callable[[Tenant], Ledger]

around = st.sampled_from(DAYS).flatmap(
    lambda day: st.integers(-1, 1).map(lambda days: day + timedelta(days=days))
)
filters = st.fixed_dictionaries(
    {},
    optional={
        "first_day": around,
        "last_day": around,
        "currency": st.sampled_from(["EUR", "JPY", "USD"]),
        "method": st.sampled_from(["card", "sepa_debit", "unknown", "klarna"]),
        "source": st.sampled_from(["link", *KINDS]),
        "least": st.sampled_from([Decimal("0.995"), Decimal(1), Decimal("10.00")]),
        "most": st.sampled_from([Decimal("0.99"), Decimal("25.001"), Decimal(1000)]),
        "link": st.integers(0, 2),
    },
)


def chosen_of(told: dict[str, Any]) -> Chosen:
    least, most = told.get("least"), told.get("most")
    return Chosen(
        **{name: value for name, value in told.items() if name not in ("least", "most")},
        least=Bound.at_least(least) if least is not None else None,
        most=Bound.at_most(most) if most is not None else None,
    )


def flat(rows: list[ByState]) -> States:
    return {
        (row.currency, state, *row.key): (tally.count, tally.minor)
        for row in rows
        for state, tally in row.states.items()
    }


def assert_equal(found: Figures, rows: Reckoning) -> None:
    """Hold every table against the rows."""
    here = rows.zone
    assert flat(list(found.totals)) == rows.by()
    assert flat(found.days) == rows.by(lambda row: rows.day(rows.moment(row)).isoformat())
    assert flat(found.hours) == rows.by(
        lambda row: str(rows.moment(row).astimezone(here).weekday()),
        lambda row: f"{rows.moment(row).astimezone(here):%H}",
    )
    assert flat(found.methods) == rows.by(
        lambda row: row["method"],
        lambda row: row["card_brand"] if row["method"] == "card" else "",
    )
    assert flat(found.sources) == rows.by(lambda row: row["kind"])
    assert flat(found.declines) == {
        place: sums
        for place, sums in rows.by(lambda row: row["decline_code"]).items()
        if place[1] == "failed"
    }
    assert {total.currency: total.net_minor for total in found.totals} == {
        total.currency: rows.net(total.currency) for total in found.totals
    }
    assert {
        use.link_id: (use.views, use.checkouts, use.paid) for use in found.links
    } == rows.funnel()


@pytest.mark.parametrize("zone_name", ZONES)
def test_figures_equal_a_plain_reckoning_under_any_filter(
    zone_name: str,
    in_zone: Callable[[str], Tenant],
    make_ledger: NewLedger,
    superuser_connection: psycopg.Connection,
) -> None:
    tenant, zone = in_zone(zone_name), ZoneInfo(zone_name)
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        links = ledger.fill(zone)
    rows = Reckoning(superuser_connection, tenant.pk, zone)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(told=filters)
    def check(told: dict[str, Any]) -> None:
        asked = {**told, **({"link": links[told["link"]].pk} if "link" in told else {})}

        with scope(tenant.pk):
            found = figures(chosen_of(asked), zone=zone)

        assert_equal(found, rows.narrow(asked))

    check()


@pytest.mark.parametrize(
    ("zone_name", "day", "hours"),
    [
        ("America/New_York", date(2025, 3, 9), 23),
        ("America/New_York", date(2025, 11, 2), 25),
        ("Pacific/Auckland", date(2025, 9, 28), 23),
        ("Pacific/Auckland", date(2025, 4, 6), 25),
        ("America/St_Johns", date(2025, 3, 9), 23),
        ("America/St_Johns", date(2025, 11, 2), 25),
        ("Europe/Amsterdam", date(2025, 3, 30), 23),
        ("Europe/Amsterdam", date(2025, 10, 26), 25),
        ("Asia/Kolkata", date(2025, 11, 2), 24),
    ],
)
def test_day_on_which_clocks_are_set_has_all_of_its_hours(
    zone_name: str,
    day: date,
    hours: int,
    in_zone: Callable[[str], Tenant],
    make_ledger: NewLedger,
) -> None:
    tenant, zone = in_zone(zone_name), ZoneInfo(zone_name)
    ledger = make_ledger(tenant)
    starts = border(day, zone)
    with scope(tenant.pk):
        for half_hour in range(-4, 60):
            ledger.payment(
                starts + timedelta(minutes=30 * half_hour),
                state="succeeded", currency="EUR", amount_minor=1,
            )  # fmt: skip

        found = figures(Chosen(first_day=day, last_day=day), zone=zone)

    assert [(row.key, row.succeeded.minor) for row in found.days] == [
        ((day.isoformat(),), 2 * hours)
    ]


def test_refunds_and_standings_are_told_apart(
    tenant: Tenant, make_ledger: NewLedger, now: Any
) -> None:
    ledger = make_ledger(tenant)
    money = {"currency": "EUR", "amount_minor": 1000, "state": "succeeded"}
    with scope(tenant.pk):
        payment = ledger.payment(now, **money, standing="expected")
        ledger.payment(now, **money, standing="late", decision="")
        ledger.payment(now, **money, standing="surplus", decision="kept")
        for state, minor in (("succeeded", 1), ("pending", 20), ("failed", 300), ("requested", 4)):
            ledger.refund(payment, state, minor)

        (total,) = figures(Chosen(), zone=tenant.zone).totals

    assert (total.succeeded.count, total.succeeded.minor) == (3, 3000)
    assert (total.unexpected.count, total.unexpected.minor) == (2, 2000)
    assert (total.waiting.count, total.waiting.minor) == (1, 1000)
    assert (total.refunded.count, total.refunded.minor) == (2, 21)
    assert (total.refunds["failed"].minor, total.refunds["requested"].minor) == (300, 4)
    assert total.net_minor == 2979


def test_disputes_take_what_is_open_or_lost(
    tenant: Tenant, make_ledger: NewLedger, now: Any
) -> None:
    ledger = make_ledger(tenant)
    statuses = [
        "needs_response", "under_review", "lost", "won", "prevented",
        "warning_needs_response", "warning_under_review", "warning_closed",
    ]  # fmt: skip
    with scope(tenant.pk):
        payment = ledger.payment(now, state="succeeded", currency="EUR", amount_minor=1000)
        for number, status in enumerate(statuses):
            Dispute.objects.create(
                tenant=tenant, payment=payment, stripe_dispute_id=f"dp_{number}", status=status,
                amount_minor=2**number, currency="EUR", opened_at=now, read_at=now,
            )  # fmt: skip

        (total,) = figures(Chosen(), zone=tenant.zone).totals
        none = figures(Chosen(currency="USD"), zone=tenant.zone).totals

    assert (total.disputed.count, total.disputed.minor) == (3, 1 + 2 + 4)
    assert (total.inquiries.count, total.inquiries.minor) == (3, 32 + 64 + 128)
    assert total.net_minor == 1000 - 7
    assert none == []


def test_another_companys_rows_count_for_nobody_else(
    tenant: Tenant, other_tenant: Tenant, make_ledger: NewLedger, now: Any
) -> None:
    ledger = make_ledger(other_tenant)
    with scope(other_tenant.pk):
        link = ledger.link()
        payment = ledger.payment(now, link, state="succeeded")
        ledger.refund(payment, "succeeded", 1)
        ledger.views(link, now.date(), 3)
    with scope(tenant.pk):
        foreign = figures(Chosen(link=link.pk), zone=tenant.zone)
        everything = figures(Chosen(), zone=tenant.zone)

    assert foreign.is_empty
    assert everything.is_empty
    with scope(other_tenant.pk):
        assert not figures(Chosen(), zone=other_tenant.zone).is_empty


def test_figures_take_one_statement_however_many_rows(
    tenant: Tenant, make_ledger: NewLedger, now: Any, django_assert_num_queries: Any
) -> None:
    ledger = make_ledger(tenant)
    with scope(tenant.pk):
        for _ in range(30):
            ledger.payment(now, ledger.link())

        with django_assert_num_queries(1):
            found = figures(Chosen(), zone=tenant.zone)

    assert len(found.links) == 30
