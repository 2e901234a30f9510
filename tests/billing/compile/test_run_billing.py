"""`manage.py run_billing`."""

from __future__ import annotations

from datetime import date
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from billing.models import BillingPeriod, BillingRun, Invoice
from billing.operations.runs import open_run, stop_run
from core.tenancy import scope
from tests.billing.compile.world import NOVEMBER, World

OCTOBER = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def november() -> Any:
    """It is the day of the tests."""
    with time_machine.travel(NOVEMBER, tick=False):
        yield


@pytest.fixture
def used(world: World) -> World:
    """Two organizations: one bills 6.00 in September and 60.00 in October, one uses no price."""
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, rate=100)
        organization = world.organization(name="Hop [House]")
        world.assign(organization, version)
        world.use(organization, meter, date(2026, 9, 5), 6)
        world.use(organization, meter, date(2026, 10, 5), 60)
        other = world.organization(name="Malt & Co", billing_starts_on=OCTOBER)
        world.use(other, meter, date(2026, 10, 5), 3)
    return world


def run(*words: str) -> str:
    out = StringIO()
    call_command("run_billing", "--tenant", "amber", "--month", "2026-10", *words, stdout=out)
    return " ".join(out.getvalue().split())


def test_run_billing_stops_at_review_and_says_how_to_go_on(used: World) -> None:
    said = run()

    assert "The run of October 2026: in review." in said
    assert "repeat the command with --finalize" in said
    assert "$66.00" in said
    assert "Hop [House]" in said
    assert "10.0 times the mean of the last month ($6.00)." in said
    assert "No price: Malt & Co used 3 of Meter-" in said
    with scope(used.tenant.pk):
        assert Invoice.objects.filter(state="draft").count() == 2


def test_run_billing_finalizes_when_told_and_is_safe_to_repeat(used: World) -> None:
    first = run("--finalize")
    second = run("--finalize")

    assert "The run of October 2026: done." in first
    assert "The run of October 2026: done." in second
    with scope(used.tenant.pk):
        assert sorted(Invoice.objects.values_list("number", flat=True)) == ["INV-1", "INV-2"]


def test_run_billing_dry_run_stores_nothing(used: World) -> None:
    said = run("--dry-run")

    assert "It would close 3 periods, compile 3, and leave 0 open" in said
    with scope(used.tenant.pk):
        assert not BillingPeriod.objects.exists()
        assert not BillingRun.objects.exists()


def test_run_billing_goes_on_with_a_stopped_run(used: World) -> None:
    with scope(used.tenant.pk):
        stopped = open_run(month=OCTOBER, by=None, now=NOVEMBER)
        stop_run(run_id=stopped.pk, now=NOVEMBER)

    assert "in review" in run()


def test_run_billing_stop_stops(used: World) -> None:
    with scope(used.tenant.pk):
        opened = open_run(month=OCTOBER, by=None, now=NOVEMBER)

    said = run("--stop")

    assert said == "The run of October 2026 is stopped. Repeat without --stop to go on."
    with scope(used.tenant.pk):
        opened.refresh_from_db()
        assert opened.state == "stopped"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stop"], "No run of October 2026 is open."),
        (["--month", "2026-12"], "December 2026 has not begun"),
        (["--month", "2026-13"], "Give a month such as 2026-10."),
        (["--month", "\N{ARABIC-INDIC DIGIT TWO}026-10"], "Give a month such as 2026-10."),
        (["--workers", "0"], "--workers is 1 to 16"),
        (["--tenant", "nobody"], "There is no tenant 'nobody'."),
    ],
)
def test_run_billing_refuses_in_words(used: World, words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run(*words)
