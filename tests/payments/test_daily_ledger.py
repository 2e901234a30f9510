"""The daily ledger: days of Stripe's balance against what is recorded here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import Tenant
from core.tenancy import scope
from payments.models import Movement, Payment, PaymentLink, Refund
from payments.operations.daily_ledger import DailyLedger, reconcile_balance
from payments.operations.decisions import return_payment
from payments.operations.links import deactivate_link
from payments.operations.refunds import push_refund, request_refund
from tests.payments.conftest import Customer

pytestmark = pytest.mark.django_db
NewLink = Callable[..., PaymentLink]
FAILS, DISPUTED = "4000000000005126", "4000000000000259"


def ledger_of(tenant: Tenant) -> DailyLedger:
    today = timezone.now().astimezone(tenant.zone).date()
    return reconcile_balance(
        tenant_id=tenant.pk,
        first_day=today - timedelta(days=1),
        last_day=today,
        now=timezone.now() + timedelta(minutes=1),
    )


def sums(ledger: DailyLedger) -> dict[str, tuple[int, int | None]]:
    found: dict[str, tuple[int, int | None]] = {}
    for line in ledger.lines:
        theirs, ours = found.get(line.category, (0, 0))
        both = None if ours is None or line.ours_minor is None else ours + line.ours_minor
        found[line.category] = (theirs + line.stripe_minor, both)
    return found


def paid(customer: Customer, new_link: NewLink, now: datetime, **how: str) -> Payment:
    checkout = customer.open(new_link())
    customer.pay(checkout, **how)
    customer.hear(now - timedelta(minutes=5))
    payment: Payment = customer.payment(checkout)
    return payment


def refund(customer: Customer, payment: Payment, amount: int) -> Refund:
    with scope(customer.tenant.pk):
        asked = request_refund(
            payment_id=payment.pk, amount_minor=amount, reason="", by=None, now=timezone.now()
        )
    push_refund(tenant_id=customer.tenant.pk, refund_id=asked.pk, now=timezone.now())
    return asked


def test_ledger_of_payments_refunds_and_disputes_adds_up(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    refund(customer, paid(customer, new_link, now), 500)
    paid(customer, new_link, now, card=DISPUTED)
    refund(customer, paid(customer, new_link, now, card=FAILS), 700)
    customer.sandbox.control("POST", "clock", advance=3600)
    customer.hear(now - timedelta(minutes=5))

    ledger = reconcile_balance(
        tenant_id=customer.tenant.pk,
        first_day=now.astimezone(customer.tenant.zone).date() - timedelta(days=1),
        last_day=now.astimezone(customer.tenant.zone).date() + timedelta(days=1),
        now=now + timedelta(days=2),
    )

    assert ledger.differences == []
    fee = 3 * 393 + 1500
    assert sums(ledger) == {
        "Payments": (37500, 37500),
        "Refunds": (-1200, -1200),
        "Refund failures": (700, 700),
        "Disputes": (-12500, -12500),
        "Fees": (-fee, None),
    }
    assert sum(ledger.net.values()) == 37500 - 1200 + 700 - 12500 - fee


def test_ledger_twice_keeps_each_movement_once(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    paid(customer, new_link, now)

    first, second = ledger_of(customer.tenant), ledger_of(customer.tenant)

    assert first == second
    with scope(customer.tenant.pk):
        assert Movement.objects.count() == 1


def test_ledger_names_what_only_stripe_knows(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    checkout = customer.open(new_link())
    customer.pay(checkout)

    ledger = ledger_of(customer.tenant)

    [difference] = ledger.differences
    assert difference.source_id.startswith("ch_")
    assert "€125.00" in difference.words
    assert "Run reconcile_stripe_events" in difference.words
    assert sums(ledger)["Payments"] == (12500, 0)


def test_ledger_names_what_only_we_know_and_other_amounts(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    lost, wrong = paid(customer, new_link, now), paid(customer, new_link, now)
    with scope(customer.tenant.pk):
        Payment.objects.filter(pk=lost.pk).update(stripe_charge_id="ch_nowhere")
        Payment.objects.filter(pk=wrong.pk).update(amount_minor=12400)

    ledger = ledger_of(customer.tenant)

    words = {one.source_id: one.words for one in ledger.differences}
    assert set(words) == {lost.stripe_charge_id, wrong.stripe_charge_id, "ch_nowhere"}
    assert "Stripe's balance has no movement of it" in words["ch_nowhere"]
    assert "Stripe moved €125.00" in words[wrong.stripe_charge_id]
    assert "here it is €124.00" in words[wrong.stripe_charge_id]


def test_command_says_it_with_its_exit_code(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    today = timezone.now().astimezone(customer.tenant.zone).date()
    paid(customer, new_link, now)
    days = ("--tenant", "amber", "--from", str(today - timedelta(days=1)), "--to", str(today))

    out = StringIO()
    call_command("reconcile_balance", *days, stdout=out)
    with scope(customer.tenant.pk):
        Payment.objects.update(amount_minor=1)

    assert "1 balance transactions, 0 differences" in out.getvalue()
    with pytest.raises(CommandError, match="1 differences"):
        call_command("reconcile_balance", *days, stdout=StringIO())


@pytest.mark.parametrize(
    "words",
    [
        ("--day", "yesterday"),
        ("--day", "2026-03-01", "--from", "2026-03-01"),
        ("--to", "2026-03-01"),
        ("--from", "2026-03-02", "--to", "2026-03-01"),
        ("--day", "9999-12-31"),
        ("--day", "0001-01-01"),
    ],
)
def test_command_refuses_days_that_are_none(tenant: Tenant, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        call_command("reconcile_balance", "--tenant", "amber", *words, stdout=StringIO())


def test_movement_of_another_company_stays_hidden(
    tenant: Tenant, other_tenant: Tenant, now: datetime
) -> None:
    with scope(other_tenant.pk):
        Movement.objects.create(
            tenant_id=other_tenant.pk,
            stripe_movement_id=f"txn_{uuid4().hex}",
            kind="charge",
            amount_minor=1,
            currency="EUR",
            made_at=now,
        )

    with scope(tenant.pk):
        assert Movement.objects.count() == 0


def test_late_money_that_went_back_adds_up(
    customer: Customer, new_link: NewLink, now: datetime
) -> None:
    off = new_link()
    late, first = customer.open(off), customer.open(new_link())
    with scope(customer.tenant.pk):
        deactivate_link(link_id=off.pk, now=timezone.now() - timedelta(seconds=5))
    customer.pay(late)
    customer.pay(first)
    customer.hear(now - timedelta(minutes=5))
    payment = customer.payment(late)
    with scope(customer.tenant.pk):
        return_payment(payment_id=payment.pk, by=None, now=timezone.now())
        asked = Refund.objects.get()
    push_refund(tenant_id=customer.tenant.pk, refund_id=asked.pk, now=timezone.now())
    refund(customer, customer.payment(first), 1)

    ledger = ledger_of(customer.tenant)

    assert ledger.differences == []
    assert sums(ledger)["Payments"] == (25000, 25000)
    assert sums(ledger)["Refunds"] == (-12501, -12501)
