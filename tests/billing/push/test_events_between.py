"""Events that come late, twice, out of order, and in the middle of what they tell of."""

from __future__ import annotations

import random

import pytest

from billing.models import StripeCall
from billing.operations.push.queue import queue_credit_note
from billing.operations.voiding import void_invoice
from core.tenancy import scope
from payments.models import StripeEvent
from payments.operations.events import process_event

GOOD, DECLINED = "pm_card_visa", "pm_card_chargeDeclined"


class Story:
    """One invoice, things that happen to it at Stripe, and a mail that delivers as it likes."""

    def __init__(self, world, seed):
        self.world = world
        self.dice = random.Random(seed)
        self.invoice = world.invoice(amounts=[900, 400])
        world.push_all()

    def act(self, verb, **form):
        stripe_id = self.world.push(self.invoice).stripe_id
        self.world.stripe("POST", f"invoices/{stripe_id}/{verb}", **form)

    def pay(self, method):
        self.act("pay", payment_method=method)

    def refund(self, amount):
        stripe_id = self.world.push(self.invoice).stripe_id
        found = self.world.stripe("GET", "invoice_payments", invoice=stripe_id)["data"]
        intent = found[-1]["payment"]["payment_intent"]
        self.world.stripe("POST", "refunds", payment_intent=intent, amount=amount)

    def credit(self, amount):
        note = self.world.credit_note(self.invoice, amount, "open_amount")
        with scope(self.world.tenant.pk):
            queue_credit_note(note, now=self.world.clock())
        self.world.push_all()

    def void(self):
        with scope(self.world.tenant.pk):
            void_invoice(
                invoice_id=self.invoice.pk, reason="Wrong", by=None, now=self.world.clock()
            )
        self.world.push_all()

    def deliver(self, share):
        """Deliver a part of what is known, in any order, some of it again."""
        events = self.all_events()
        for event_id in self.dice.sample(events, round(len(events) * share)):
            process_event(
                tenant_id=self.world.tenant.pk, stripe_event_id=event_id, now=self.world.clock()
            )

    def all_events(self):
        self.world.stored_events()
        with scope(self.world.tenant.pk):
            rows = StripeEvent.objects.all()
            rows.update(processed_at=None, next_at=self.world.clock())
            return list(rows.order_by("pk").values_list("stripe_event_id", flat=True))

    def end(self):
        """Return what is known in the end, and which notices still hold."""
        self.deliver(1)
        standing = self.world.standing(self.invoice)
        notices = self.world.notices(self.invoice)
        return (
            standing.state,
            standing.paid_minor,
            standing.credited_minor,
            standing.refunded_minor,
            {kind for kind, holds in notices.items() if holds},
        )


PAID_LATE = [
    lambda story: story.pay(DECLINED),
    lambda story: story.act("mark_uncollectible"),
    lambda story: story.pay(GOOD),
    lambda story: story.refund(300),
]
CREDITED = [
    lambda story: story.pay(DECLINED),
    lambda story: story.credit(300),
    lambda story: story.pay(GOOD),
]
ELSEWHERE = [
    lambda story: story.pay(DECLINED),
    lambda story: story.act("pay", paid_out_of_band="true"),
]
VOIDED = [lambda story: story.pay(DECLINED), lambda story: story.void()]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("happens", "end"),
    [
        (PAID_LATE, ("paid", 1300, 0, 300, {"paid", "refunded"})),
        (CREDITED, ("paid", 1000, 300, 0, {"paid", "credited"})),
        (ELSEWHERE, ("paid", 1300, 0, 0, {"paid"})),
        (VOIDED, ("void", 0, 0, 0, {"voided"})),
    ],
    ids=["paid late", "credited", "elsewhere", "voided"],
)
def test_events_in_between_and_in_any_order_end_alike(world, happens, end, seed):
    story = Story(world, seed)

    for one in happens:
        one(story)
        story.deliver(story.dice.random())

    assert story.end() == end
    assert story.end() == end


def test_events_make_no_call_that_changes_anything(world):
    story = Story(world, 1)
    story.pay(GOOD)
    before = len(world.calls())

    story.deliver(1)

    assert len(world.calls()) == before
    with scope(world.tenant.pk):
        assert not StripeCall.objects.filter(outcome="failed").exists()
