"""Pushing while Stripe fails: whatever happens at whichever step, one right invoice is there."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from billing.models import Push, PushDesk
from billing.operations.push.rows import LeaseLost, claim, claim_next
from billing.operations.push.work import Outcome, push_next
from core.tenancy import scope
from payments.gateway import connection as gateway_connection
from payments.gateway.connection import Patience
from payments.gateway.limiter import Rank

STEPS = {
    "customer": "/v1/customers",
    "create": "/v1/invoices",
    "lines": "/v1/invoices/{invoice}/add_lines",
    "finalize": "/v1/invoices/{invoice}/finalize",
}
KINDS = ("error_before", "error_after", "lost_after", "drop_before", "garbage", "rate_limit")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", STEPS)
def test_fault_at_a_step_leaves_one_right_invoice(world, step, kind):
    invoice = world.invoice(amounts=[10] * 130)
    world.fault(kind, STEPS[step])

    world.push_all()

    world.assert_right([invoice])
    assert world.push(invoice).state == "done"


@pytest.mark.parametrize("step", ["customer", "create", "lines"])
def test_same_key_is_used_after_a_lost_answer(world, step):
    world.invoice()
    world.fault("lost_after", STEPS[step])

    world.push_all()

    asked = world.sandbox.control("GET", "requests")["requests"]
    struck = [one for one in asked if one["fault"]]
    again = [one for one in asked if one["idempotency_key"] == struck[0]["idempotency_key"]]
    assert [one["replayed"] for one in again] == [False, True]


def test_finalization_without_answer_is_looked_at_first(world):
    invoice = world.invoice()
    world.fault("lost_after", STEPS["finalize"])

    world.push_all()

    world.assert_right([invoice])
    assert world.calls().count("invoices/finalize") == 1
    assert world.calls(method="GET") == ["invoices", "invoices/lines"]


def test_stored_failure_is_read_first_and_no_line_is_sent_twice(world):
    invoice = world.invoice(amounts=[10] * 130)
    world.fault("error_after", STEPS["lines"])

    world.push_all()

    world.assert_right([invoice])
    assert world.calls(method="GET")[:2] == ["invoices", "invoices/lines"]
    assert world.push(invoice).generation > 1


def test_both_batches_may_fail_after_their_effect(world):
    invoice = world.invoice(amounts=[10] * 230)
    world.fault("error_after", STEPS["lines"], count=2)

    world.push_all()

    world.assert_right([invoice])


@pytest.mark.parametrize("retry_after", [None, 1])
def test_rate_limit_is_waited_for_by_all(world, retry_after):
    invoices = [world.invoice() for _ in range(3)]
    world.fault("rate_limit", STEPS["create"], count=2, retry_after=retry_after)

    world.push_all()

    world.assert_right(invoices)


@pytest.fixture
def impatient(monkeypatch, world):
    """A worker that waits a quarter of a second for an answer."""
    patience = Patience(connect=1, read=0.25, turn=30, retries=0, rank=Rank.BULK)
    for name in ("invoice", "customers"):
        monkeypatch.setattr(f"billing.operations.push.{name}.BULK", patience)
    gateway_connection._client.cache_clear()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.usefixtures("impatient")
def test_slow_answer_is_asked_for_again(world, step):
    invoice = world.invoice()
    world.fault("delay", STEPS[step], seconds=0.6)

    world.push_all()

    world.assert_right([invoice])


@pytest.mark.parametrize("step", ["create", "lines", "finalize"])
@pytest.mark.parametrize("kind", ["lost_after", "error_before"])
def test_key_older_than_a_day_is_read_first(world, step, kind):
    invoice = world.invoice(amounts=[10] * 130)
    world.fault(kind, STEPS[step])
    world.push_once()

    world.wait(hours=25)
    world.push_all()

    world.assert_right([invoice])


def test_customer_whose_key_is_older_than_a_day_is_found(world):
    invoice = world.invoice()
    world.fault("lost_after", STEPS["customer"])
    world.push_once()

    world.wait(hours=25)
    world.push_all()

    world.assert_right([invoice])
    assert len(world.stripe("GET", "customers")["data"]) == 1


def test_many_workers_on_the_same_rows_push_each_once(world, settings):
    settings.PUSH_PARALLEL = 8
    organization = world.organization()
    invoices = [world.invoice(organization=organization) for _ in range(12)]

    def work():
        try:
            for _ in range(40):
                push_next(tenant_id=world.tenant.pk, clock=world.clock)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    world.push_all()

    world.assert_right(invoices)
    assert world.calls().count("customers") == 1
    assert world.calls().count("invoices") == 12


def test_overtaken_worker_writes_nothing(world):
    """A lease ran out in a slow call: the first holder finds another one and stops."""
    invoice = world.invoice()
    with scope(world.tenant.pk):
        slow = claim_next(world.clock, at_once=8)
    world.wait(minutes=3)
    world.push_all()

    assert slow is not None
    with pytest.raises(LeaseLost):
        slow.hold(step="create", stripe_id="in_wrong")
    assert world.push(invoice).state == "done"
    world.assert_right([invoice])


def test_lease_holds_others_off(world):
    invoice = world.invoice()
    with scope(world.tenant.pk):
        claim_next(world.clock, at_once=8)
        push = Push.objects.get(invoice=invoice)
        again, other = claim(push.pk, world.clock), claim_next(world.clock, at_once=8)

    assert (again, other) == (None, None)


def test_no_more_than_allowed_are_held_at_once(world, settings):
    for _ in range(3):
        world.invoice()

    with scope(world.tenant.pk):
        found = [claim_next(world.clock, at_once=2) for _ in range(3)]

    assert [turn is None for turn in found] == [False, False, True]


def test_silent_stripe_is_told_with_the_time_since_when(world):
    world.invoice()
    world.sandbox.control("POST", "faults", kind="error_before", method="*", path="*")

    before = world.clock()
    outcome = world.push_once()

    with scope(world.tenant.pk):
        desk = PushDesk.objects.get()
    assert outcome is Outcome.NO_ANSWER
    assert desk.down_since is not None
    assert before <= desk.down_since <= world.clock()

    world.sandbox.control("DELETE", "faults")
    world.push_all()

    with scope(world.tenant.pk):
        desk.refresh_from_db()
    assert desk.down_since is None


def test_hundred_invoices_through_many_faults_are_all_there_once(world, monkeypatch):
    monkeypatch.setattr("payments.gateway.limiter.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("payments.gateway.limiter.LONGEST_PAUSE", 0.02)
    organizations = [world.organization() for _ in range(20)]
    invoices = [
        world.invoice(amounts=[100 + n] * (1 + n % 7) + [-1], organization=organizations[n % 20])
        for n in range(100)
    ]
    for kind, probability in {
        "error_after": 0.10, "error_before": 0.10, "lost_after": 0.10,
        "drop_before": 0.05, "rate_limit": 0.05, "garbage": 0.05,
    }.items():  # fmt: skip
        world.fault(kind, "*", count=None, probability=probability)

    world.push_all(rounds=200)

    world.sandbox.control("DELETE", "faults")
    world.assert_right(invoices)
    assert {state for _, state, _ in world.pushes()} == {"done"}
