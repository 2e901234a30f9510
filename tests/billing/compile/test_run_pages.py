"""Staff pages of billing runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Event
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import BillingRun, Invoice
from billing.operations.review import drop_draft
from core.models import Tenant, User
from core.tenancy import scope
from tests.billing.compile.world import NOVEMBER, World
from tests.payments.pages.conftest import log_in, words

__all__ = ["log_in"]
LogIn = Callable[[User], Client]
OCTOBER = date(2026, 10, 1)


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    """It is the day of the tests."""
    with time_machine.travel(NOVEMBER, tick=False):
        yield


def bill(world: World, organizations: int = 3) -> BillingRun:
    """A run in review: each organization pays 5.00 for September and 60.00 for October."""
    with scope(world.tenant.pk):
        version, meter = world.version(), world.meter()
        world.price(version, meter, rate=100)
        for number in range(organizations):
            organization = world.organization(name=f"Brewer {number}")
            world.assign(organization, version)
            world.use(organization, meter, date(2026, 9, 5), 5)
            world.use(organization, meter, date(2026, 10, 5), 60 if number else 5)
        stranger = world.organization(name="Stranger")
        world.use(stranger, world.meter(name="Spares"), date(2026, 10, 5), 3)
    return world.run_month(OCTOBER)


def state_of(world: World, run: BillingRun) -> str:
    with scope(world.tenant.pk):
        return BillingRun.objects.get(pk=run.pk).state


def test_run_page_shows_totals_and_what_is_out_of_the_ordinary(
    world: World, admin: User, log_in: LogIn
) -> None:
    run = bill(world)

    said = words(log_in(admin).get(f"/billing/runs/{run.pk}/"))

    assert "6 of 6 drafted" in said
    assert "USD 6 $140.00 $0.00 $140.00" in said
    assert "12.0 times the mean of the last month ($5.00)." in said
    assert "3 first invoices" in said


def test_run_page_finds_usage_without_a_price(world: World, admin: User, log_in: LogIn) -> None:
    run = bill(world)

    said = words(log_in(admin).get(f"/billing/runs/{run.pk}/?unpriced=1"))

    assert "Stranger: 3 of Spares, 5 Oct 2026 to 5 Oct 2026" in said


def test_new_run_is_opened_for_a_month(world: World, admin: User, log_in: LogIn) -> None:
    client = log_in(admin)

    answer = client.post("/billing/runs/", {"month": "2026-10"}, follow=True)

    assert "Billing of October 2026" in words(answer)
    with scope(world.tenant.pk):
        assert BillingRun.objects.get().made_by_id == admin.pk


@pytest.mark.parametrize("month", ["2026-13", "\0", "x" * 99, "2027-01", "", "0000-01"])
def test_odd_months_are_refused_in_words(
    world: World, admin: User, log_in: LogIn, month: str
) -> None:
    answer = log_in(admin).post("/billing/runs/", {"month": month})

    assert answer.status_code == 400


def test_finalizing_asks_first_and_shows_the_effect_on_cash(
    world: World, admin: User, log_in: LogIn
) -> None:
    run = bill(world)
    client = log_in(admin)

    asked = words(client.get(f"/billing/runs/{run.pk}/finalize/"))
    before = state_of(world, run)
    client.post(f"/billing/runs/{run.pk}/finalize/")
    world.work(run)

    assert "Asked for by invoice: 6 invoices $140.00" in asked
    assert "2 invoices are out of the ordinary." in asked
    assert (before, state_of(world, run)) == ("review", "done")


def test_draft_is_left_out_and_compiled_again(world: World, admin: User, log_in: LogIn) -> None:
    run, client = bill(world, organizations=1), None
    client = log_in(admin)
    with scope(world.tenant.pk):
        draft = Invoice.objects.order_by("pk")[0]

    client.post(f"/billing/drafts/{draft.pk}/drop/")
    with scope(world.tenant.pk):
        left = Invoice.objects.count()
    client.post(f"/billing/runs/{run.pk}/again/")
    world.work(run)

    with scope(world.tenant.pk):
        assert (left, Invoice.objects.count()) == (1, 2)


@pytest.mark.parametrize("verb", ["drop", "recompile"])
def test_draft_that_somebody_left_out_meanwhile_is_told(
    world: World, admin: User, log_in: LogIn, verb: str
) -> None:
    run, client = bill(world, organizations=1), log_in(admin)
    with scope(world.tenant.pk):
        draft = Invoice.objects.order_by("pk")[0]

    def press() -> Any:
        try:
            return client.post(f"/billing/drafts/{draft.pk}/{verb}/", follow=True)
        finally:
            connection.close()

    # The scope ends first, and with it what the other one waits for.
    with ThreadPoolExecutor(1) as other, scope(world.tenant.pk):
        BillingRun.objects.select_for_update().get(pk=run.pk)
        pressed = other.submit(press)
        assert any(somebody_waits() for _ in range(400))
        drop_draft(invoice_id=draft.pk)

    answer = pressed.result()
    assert answer.status_code == 200
    assert "Somebody left this draft out or compiled it anew" in words(answer)
    with scope(world.tenant.pk):
        assert Invoice.objects.count() == 1


def somebody_waits() -> bool:
    """Whether a session waits for a lock, asked after a blink."""
    Event().wait(0.05)
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def test_refused_turn_says_why(world: World, admin: User, log_in: LogIn) -> None:
    run = bill(world)

    answer = log_in(admin).post(f"/billing/runs/{run.pk}/resume/", follow=True)

    assert "The run of October 2026 cannot be resumed: it is in review." in words(answer)


def test_counselors_look_and_change_nothing(world: World, counselor: User, log_in: LogIn) -> None:
    run, client = bill(world), log_in(counselor)

    looked = client.get(f"/billing/runs/{run.pk}/")
    answers = [
        client.post(f"/billing/runs/{run.pk}/{verb}/").status_code
        for verb in ("finalize", "cancel", "again", "stop", "resume")
    ]
    client.post("/billing/runs/", {"month": "2026-09"})

    assert looked.status_code == 200
    assert "Finalize" not in words(looked)
    assert answers == [403] * 5
    with scope(world.tenant.pk):
        assert BillingRun.objects.count() == 1


def test_runs_of_another_company_are_not_found(
    world: World, other_tenant: Tenant, other_admin: User, log_in: LogIn
) -> None:
    run, client = bill(world), log_in(other_admin)
    with scope(world.tenant.pk):
        draft = Invoice.objects.all()[0].pk

    assert client.get(f"/billing/runs/{run.pk}/").status_code == 404
    assert client.post(f"/billing/runs/{run.pk}/cancel/").status_code == 404
    assert client.post(f"/billing/drafts/{draft}/drop/").status_code == 404
    assert "No run yet." in words(client.get("/billing/runs/"))
    assert state_of(world, run) == "review"


def test_run_page_asks_as_often_for_many_as_for_one(
    world: World, admin: User, log_in: LogIn
) -> None:
    run, client = bill(world, organizations=1), log_in(admin)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(f"/billing/runs/{run.pk}/")
        return len(caught)

    queries()
    few = queries()
    with scope(world.tenant.pk):
        Invoice.objects.all()
    client.post(f"/billing/runs/{run.pk}/cancel/")
    run = bill(world, organizations=20)

    assert queries() == few


@pytest.mark.parametrize("query", ["?q=%00", "?only=odd", "?page=99999999999", "?q=" + "x" * 5000])
def test_odd_addresses_are_no_error(world: World, admin: User, log_in: LogIn, query: str) -> None:
    run = bill(world, organizations=1)

    assert log_in(admin).get(f"/billing/runs/{run.pk}/{query}").status_code == 200


def test_invoices_are_narrowed(world: World, admin: User, log_in: LogIn) -> None:
    run, client = bill(world), log_in(admin)

    found: Any = client.get(f"/billing/runs/{run.pk}/?q=brewer 2&only=to_pay").context["page"]

    assert {invoice.organization.name for invoice in found} == {"Brewer 2"}
