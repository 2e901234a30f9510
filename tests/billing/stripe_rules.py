"""What Stripe does to a company's books: faults, dying workers, payers, and news in any order."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import rule

from billing.models import CreditNote, Invoice, InvoiceStanding, Push
from billing.operations.push.desk import retry_pushes
from billing.operations.push.paid import NotPayable, ask_paid_elsewhere
from billing.operations.push.work import push_next
from billing.operations.standings import refresh_standing, standings_to_ask
from core.tenancy import scope
from payments.gateway import StripeUnavailable
from payments.operations.events import process_event
from tests.billing.books import Books
from tests.billing.push.world import World
from tests.stripe import Sandbox, open_stripe_account

KINDS = ("error_before", "error_after", "lost_after", "drop_before", "garbage", "rate_limit")
METHODS = (
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_authenticationRequired",
)
# Its push stops for a person: money came for an invoice that was voided here before we heard.
PAID_THOUGH_VOID = "It was paid at Stripe before it could be voided there."


class Killed(BaseException):
    """The worker's process ends here, with whatever it holds."""


class DyingClock:
    """A worker's clock, looked at before and after each call; at the last look the worker dies."""

    def __init__(self, world: World, looks: int) -> None:
        self.world = world
        self.looks = looks

    def __call__(self) -> datetime:
        self.looks -= 1
        if self.looks < 0:
            raise Killed
        return self.world.clock()


class StripeRules:
    """Rules of a machine that has `books`; `sandbox` stands in for Stripe."""

    sandbox: Sandbox
    books: Books

    def open_account(self) -> None:
        account = open_stripe_account(self.books.tenant, name="Kept twice")
        self.world = World(self.books.tenant, account, self.sandbox)

    # --- pushing

    @rule(
        faults=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3)), max_size=4),
        turns=st.integers(1, 12),
    )
    def push_through(self, faults: list[tuple[str, int]], turns: int) -> None:
        """Push some of what is due; the calls of some paths fail in between."""
        paths = ("/v1/customers", "/v1/invoices", "*/add_lines", "*/finalize")
        for kind, path in faults:
            self.world.fault(kind, paths[path])
        for _ in range(turns):
            self.world.push_once()
        self.sandbox.control("DELETE", "faults")

    @rule(looks=st.integers(1, 14))
    def push_and_die(self, looks: int) -> None:
        with suppress(Killed):
            clock = DyingClock(self.world, looks)
            push_next(tenant_id=self.books.tenant.pk, clock=clock)

    @rule(hours=st.sampled_from([0.05, 1, 25]))
    def leave_alone(self, hours: float) -> None:
        """Leases run out, what was put off is due, and keys grow old."""
        self.world.wait(hours=hours)

    # --- payers

    @rule(data=st.data(), method=st.sampled_from(METHODS))
    def pay(self, data: st.DataObject, method: str) -> None:
        stripe_id = self.open_there(data)
        if stripe_id:
            self.world.stripe("POST", f"invoices/{stripe_id}/pay", payment_method=method)

    @rule(data=st.data())
    def pay_elsewhere(self, data: st.DataObject) -> None:
        with scope(self.books.tenant.pk):
            rows = Push.objects.filter(state="done", invoice__state="final")
            found = list(rows.order_by("invoice__number").values_list("invoice", flat=True))
        if found:
            with suppress(NotPayable), scope(self.books.tenant.pk):
                invoice_id = data.draw(st.sampled_from(found))
                ask_paid_elsewhere(invoice_id=invoice_id, now=self.world.clock())

    @rule(data=st.data())
    def write_off(self, data: st.DataObject) -> None:
        stripe_id = self.open_there(data)
        if stripe_id:
            self.world.stripe("POST", f"invoices/{stripe_id}/mark_uncollectible")

    def open_there(self, data: st.DataObject) -> str:
        found = [one for one in self.world.at_stripe() if one["status"] == "open"]
        found.sort(key=lambda one: one["number"])
        return str(data.draw(st.sampled_from(found))["id"]) if found else ""

    # --- news

    @rule(order=st.randoms(use_true_random=False), heard=st.floats(0.3, 1))
    def hear_some(self, order: Any, heard: float) -> None:
        """Act on some events, in any order, each once or twice."""
        waiting = self.world.stored_events()
        told = order.sample(waiting * 2, int(len(waiting) * 2 * heard))
        for event_id in told:
            process_event(
                tenant_id=self.books.tenant.pk, stripe_event_id=event_id, now=self.world.clock()
            )

    # --- in the end

    def settle(self) -> None:
        """Let everything reach Stripe and everything be heard, also what no event told."""
        self.sandbox.control("DELETE", "faults")
        self.world.wait(hours=1)
        for _ in range(2):
            self.world.hear()
            with scope(self.books.tenant.pk):
                retry_pushes(now=self.world.clock())
            self.world.push_all()
        self.world.hear()
        for stripe_id in standings_to_ask(tenant_id=self.books.tenant.pk, now=self.world.clock()):
            with suppress(StripeUnavailable):
                refresh_standing(
                    tenant_id=self.books.tenant.pk,
                    stripe_invoice_id=stripe_id,
                    now=self.world.clock(),
                )

    def assert_same_at_stripe(self) -> None:
        """Each final invoice is there once, line by line, as ours stands; nothing else lives."""
        living = [one for one in self.world.at_stripe() if one["status"] != "void"]
        with scope(self.books.tenant.pk):
            pushes = Push.objects.exclude(invoice=None).select_related("invoice")
            given_up = {
                str(push.invoice_id)
                for push in pushes
                if push.invoice.state == "void" and push.last_error.startswith(PAID_THOUGH_VOID)
            }
            final = Invoice.objects.filter(state="final", total_minor__gt=0)
            wanted = {str(invoice.pk): _ours(invoice) for invoice in final}
        found = {one["metadata"]["taproom_invoice"]: _theirs(one) for one in living}

        assert len(living) == len(found)
        assert {key: one for key, one in found.items() if key not in given_up} == wanted
        assert given_up <= set(found)

    def assert_nothing_waits(self) -> None:
        """No push is left open or to a person, but for money that came for a void invoice."""
        with scope(self.books.tenant.pk):
            left = Push.objects.exclude(state__in=["done", "dropped"])
            words = [push.last_error for push in left]
            issued = CreditNote.objects.filter(state="issued").exclude(settled_by="prepaid")
            unsent = issued.exclude(push__state="done").count()

        assert [text for text in words if not text.startswith(PAID_THOUGH_VOID)] == []
        assert unsent == 0


STATUS = {
    "open": "open", "past_due": "open", "paid": "paid", "uncollectible": "uncollectible",
}  # fmt: skip


def _ours(invoice: Invoice) -> Any:
    lines = sorted((str(line.pk), line.amount_minor) for line in invoice.lines.all())
    standing = InvoiceStanding.objects.get(invoice=invoice)
    status = STATUS.get(standing.state, standing.state)
    return status, invoice.currency, invoice.total_minor, invoice.number, lines


def _theirs(one: Any) -> Any:
    lines = sorted((line["metadata"]["taproom_line"], line["amount"]) for line in one["lines"])
    return one["status"], one["currency"].upper(), one["total"], one["number"], lines
