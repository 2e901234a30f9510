"""Runs from open to done."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.models import (
    BillingPeriod,
    BillingRun,
    Invoice,
    InvoiceStanding,
    Meter,
    Organization,
    WalletEntry,
)
from billing.operations.review import NotADraft, drop_draft, recompile_draft
from billing.operations.run_work import advance_run, take_idle_runs
from billing.operations.runs import (
    OtherRunOpen,
    RunNotPossible,
    WrongState,
    approve_run,
    cancel_run,
    compile_again,
    open_run,
    resume_run,
    stop_run,
)
from billing.queries.content import sha256_of
from core.models import Tenant
from core.tenancy import scope
from tests.billing.compile.world import NOVEMBER, World, told

OCTOBER = date(2026, 10, 1)


def small_world(world: World, organizations: int = 3) -> list[str]:
    """Organizations that used one hour on 5 October for 1.00 each, and hold a fee of 5.00."""
    with scope(world.tenant.pk):
        meter, version = world.meter(), world.version()
        world.price(version, meter, rate=100)
        world.fee(version, 500, "arrears")
        codes = []
        for _ in range(organizations):
            organization = world.organization(billing_starts_on=OCTOBER)
            world.assign(organization, version)
            world.use(organization, meter, date(2026, 10, 5), 1)
            codes.append(organization.code)
    return codes


def test_run_makes_final_invoices_in_order(world: World) -> None:
    small_world(world)

    run = world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        invoices = Invoice.objects.order_by("organization_id")
        assert run.state == "done"
        assert [(i.number, i.total_minor, i.state) for i in invoices] == [
            ("INV-1", 600, "final"), ("INV-2", 600, "final"), ("INV-3", 600, "final"),
        ]  # fmt: skip
        assert told(invoices[0]) == [("recurring", 500), ("usage", 100)]
        assert invoices[0].issued_on == date(2026, 11, 5)
        assert invoices[0].due_on == date(2026, 11, 19)
        assert list(InvoiceStanding.objects.values_list("state", flat=True)) == ["unsent"] * 3


def test_final_invoice_bears_the_hash_of_its_content(world: World) -> None:
    with scope(world.tenant.pk):
        organization = world.organization(tax_rate=world.tax("19.5"), billing_starts_on=OCTOBER)
        meter = world.meter(name="Back\\slash\nand ünïcode", product="A\rB")
        version = world.version()
        world.price(version, meter, rate="0.123456789012")
        world.fee(version, 0, "arrears")
        world.assign(organization, version)
        world.use(organization, meter, date(2026, 10, 5), "3333.000000000001")
        world.item(organization, -7, date(2026, 10, 9))

    world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        invoice = Invoice.objects.select_related("period").get()
        lines = list(invoice.lines.all())
        assert sha256_of(invoice, invoice.period, lines) == invoice.content_sha256
        lines[0].amount_minor += 1
        assert sha256_of(invoice, invoice.period, lines) != invoice.content_sha256


def test_run_repeated_changes_nothing(world: World) -> None:
    small_world(world)
    world.run_month(OCTOBER, is_approved=True)

    again = world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        assert again.state == "done"
        assert Invoice.objects.count() == 3
        assert BillingRun.objects.count() == 2


def test_open_run_returns_the_open_one(world: World) -> None:
    with scope(world.tenant.pk):
        first = open_run(month=OCTOBER, by=None, now=NOVEMBER)

        second = open_run(month=OCTOBER, by=None, now=NOVEMBER)

        assert first.pk == second.pk


def test_open_run_of_another_month_waits(world: World) -> None:
    with scope(world.tenant.pk):
        open_run(month=OCTOBER, by=None, now=NOVEMBER)

        with pytest.raises(OtherRunOpen, match="October 2026 is still open"):
            open_run(month=date(2026, 9, 1), by=None, now=NOVEMBER)


@pytest.mark.parametrize("month", [date(2026, 12, 1), date(2026, 10, 2), date(1, 1, 1)])
def test_open_run_refuses_a_month_that_cannot_be(world: World, month: date) -> None:
    with scope(world.tenant.pk), pytest.raises(RunNotPossible):
        open_run(month=month, by=None, now=NOVEMBER)


def test_period_stays_open_for_the_time_of_grace(world: World) -> None:
    small_world(world, organizations=1)
    end = datetime(2026, 11, 1, tzinfo=UTC)

    early = world.run_month(OCTOBER, end + timedelta(hours=23, minutes=59))
    with scope(world.tenant.pk):
        states = list(BillingPeriod.objects.values_list("state", flat=True))
        compile_again(run_id=early.pk, now=end)
    world.work(early, end + timedelta(hours=24))

    with scope(world.tenant.pk):
        period = BillingPeriod.objects.select_related("organization").get()
        assert states == ["open"]
        assert period.state == "invoiced"
        assert period.organization.closed_through == date(2026, 10, 31)


def test_run_takes_left_over_periods_in_order(world: World) -> None:
    with scope(world.tenant.pk):
        organization = world.organization(billing_starts_on=date(2026, 7, 15))
        version = world.version()
        world.fee(version, 3100, "arrears")
        world.assign(organization, version)

    world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        rows = Invoice.objects.order_by("period__starts_on")
        assert [(str(i.period.starts_on), i.number, i.total_minor) for i in rows] == [
            ("2026-07-15", "INV-1", 1700), ("2026-08-01", "INV-2", 3100),
            ("2026-09-01", "INV-3", 3100), ("2026-10-01", "INV-4", 3100),
        ]  # fmt: skip


def test_stopped_run_goes_on_where_it_was(world: World) -> None:
    small_world(world)
    with scope(world.tenant.pk):
        run = open_run(month=OCTOBER, by=None, now=NOVEMBER)
        stop_run(run_id=run.pk, now=NOVEMBER)

    world.work(run)
    with scope(world.tenant.pk):
        nothing = Invoice.objects.count()
        resume_run(run_id=run.pk, now=NOVEMBER)
    world.work(run)

    with scope(world.tenant.pk):
        run.refresh_from_db()
        assert (nothing, Invoice.objects.count(), run.state) == (0, 3, "review")


def test_stopped_finalizing_goes_on_without_a_gap(world: World) -> None:
    small_world(world)
    run = world.run_month(OCTOBER)
    with scope(world.tenant.pk):
        approve_run(run_id=run.pk, by=None, now=NOVEMBER)
        stop_run(run_id=run.pk, now=NOVEMBER)
    did = advance_run(tenant_id=world.tenant.pk, run_id=run.pk, now=NOVEMBER)
    with scope(world.tenant.pk):
        resume_run(run_id=run.pk, now=NOVEMBER)

    world.work(run)

    with scope(world.tenant.pk):
        numbers = Invoice.objects.order_by("organization_id").values_list("number", flat=True)
        assert not did
        assert list(numbers) == ["INV-1", "INV-2", "INV-3"]


@pytest.mark.parametrize("verb", [stop_run, resume_run])
def test_run_in_review_refuses_other_verbs(world: World, verb: object) -> None:
    run = world.run_month(OCTOBER)

    with scope(world.tenant.pk), pytest.raises(WrongState, match="it is in review"):
        verb(run_id=run.pk, now=NOVEMBER)  # type: ignore[operator]


def test_cancelled_run_leaves_its_periods_to_the_next(world: World) -> None:
    small_world(world)
    run = world.run_month(OCTOBER)
    with scope(world.tenant.pk):
        cancel_run(run_id=run.pk, now=NOVEMBER)
        left = (Invoice.objects.count(), BillingPeriod.objects.filter(state="closed").count())
        with pytest.raises(WrongState, match="over for good"):
            cancel_run(run_id=run.pk, now=NOVEMBER)

    world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        assert left == (0, 3)
        assert Invoice.objects.filter(state="final").count() == 3


def test_run_at_work_is_not_cancelled(world: World) -> None:
    with scope(world.tenant.pk):
        run = open_run(month=OCTOBER, by=None, now=NOVEMBER)

        with pytest.raises(WrongState, match="it is compiling"):
            cancel_run(run_id=run.pk, now=NOVEMBER)


def test_approved_twice_the_second_is_refused(world: World) -> None:
    small_world(world)
    run = world.run_month(OCTOBER)
    with scope(world.tenant.pk):
        approve_run(run_id=run.pk, by=None, now=NOVEMBER)

        with pytest.raises(WrongState):
            approve_run(run_id=run.pk, by=None, now=NOVEMBER)


def test_recompiled_draft_holds_fresh_usage(world: World) -> None:
    small_world(world, organizations=1)
    world.run_month(OCTOBER)
    with scope(world.tenant.pk):
        draft = Invoice.objects.select_related("organization").get()
        world.use(draft.organization, Meter.objects.get(), date(2026, 10, 6), 4)

        fresh = recompile_draft(invoice_id=draft.pk, now=NOVEMBER)

        assert told(fresh) == [("recurring", 500), ("usage", 500)]
        assert Invoice.objects.count() == 1


def test_dropped_draft_waits_for_the_next_run(world: World) -> None:
    small_world(world)
    run = world.run_month(OCTOBER)
    with scope(world.tenant.pk):
        drop_draft(invoice_id=Invoice.objects.order_by("organization_id")[1].pk)
        approve_run(run_id=run.pk, by=None, now=NOVEMBER)
    world.work(run)
    with scope(world.tenant.pk):
        first = Invoice.objects.count()

    world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        assert first == 2
        numbers = Invoice.objects.order_by("finalized_at", "number")
        assert [i.number for i in numbers] == ["INV-1", "INV-2", "INV-3"]


def test_final_invoice_is_neither_recompiled_nor_dropped(world: World) -> None:
    small_world(world, organizations=1)
    world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        invoice = Invoice.objects.get()
        with pytest.raises(NotADraft, match="credit note"):
            recompile_draft(invoice_id=invoice.pk, now=NOVEMBER)
        with pytest.raises(NotADraft, match="credit note"):
            drop_draft(invoice_id=invoice.pk)


def test_prepaid_credit_is_used_when_final(world: World) -> None:
    small_world(world, organizations=1)
    with scope(world.tenant.pk):
        organization = Organization.objects.get()
        world.wallet(organization, 250)

    world.run_month(OCTOBER, is_approved=True)

    with scope(world.tenant.pk):
        assert told(Invoice.objects.get())[-1] == ("prepaid", -250)
        entries = WalletEntry.objects.order_by("created_at").values_list("kind", "amount_minor")
        assert list(entries) == [("top_up", 250), ("used", -250)]


def test_prepaid_credit_that_shrank_is_never_overdrawn(world: World) -> None:
    small_world(world, organizations=2)
    with scope(world.tenant.pk):
        first, second = Organization.objects.order_by("pk")
        world.wallet(first, 250)
        world.wallet(second, 250)
    run = world.run_month(OCTOBER)
    with scope(world.tenant.pk):
        world.wallet(first, -150)
        approve_run(run_id=run.pk, by=None, now=NOVEMBER)

    world.work(run)

    with scope(world.tenant.pk):
        totals = Invoice.objects.order_by("organization_id").values_list("total_minor", "number")
        assert list(totals) == [(500, "INV-2"), (350, "INV-1")]
        run.refresh_from_db()
        assert run.state == "done"


def test_runs_of_another_company_stay_hidden(world: World, other_tenant: Tenant) -> None:
    small_world(world)
    with scope(world.tenant.pk):
        run = open_run(month=OCTOBER, by=None, now=NOVEMBER)

    with scope(other_tenant.pk):
        assert not BillingRun.objects.exists()
        with pytest.raises(BillingRun.DoesNotExist):
            stop_run(run_id=run.pk, now=NOVEMBER)

    assert not advance_run(tenant_id=other_tenant.pk, run_id=run.pk, now=NOVEMBER)
    assert take_idle_runs(tenant_id=other_tenant.pk, now=NOVEMBER) == []
    assert take_idle_runs(tenant_id=world.tenant.pk, now=NOVEMBER) == [run.pk]
