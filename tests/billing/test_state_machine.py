"""Whatever happens, in whatever order: the books are sound, equal to a second reckoning, and to
Stripe's.

Short by default. `BOOKS_EXAMPLES=200 BOOKS_STEPS=60` runs long.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how_long
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.models import BillingRun, CreditNote, Invoice
from billing.operations.assignments import PlanHeldAlready, switch_plan
from billing.operations.credit_notes import (
    AlreadyVoid,
    CreditIsUsed,
    CreditTooLarge,
    NothingLeft,
    RefundIsOut,
    Take,
    UnknownLine,
    issue_credit_note,
    void_credit_note,
)
from billing.operations.items import add_item
from billing.operations.runs import cancel_run
from billing.operations.usage import Sent
from billing.operations.voiding import NotVoidable, void_invoice
from billing.operations.wallet import top_up
from billing.queries.credits import CREDITABLE
from core.tenancy import scope
from tests.billing.books import METERS, ORGANIZATIONS, Books, push_all
from tests.billing.stripe_rules import StripeRules
from tests.stripe import Sandbox

CODES = st.sampled_from([organization["code"] for organization in ORGANIZATIONS])
AMOUNTS = st.integers(1, 400).map(lambda n: Decimal(n) / 8)
Settled = CreditNote.Settled
# Meter, quantity, application, minutes ago, person.
BATCH = st.lists(
    st.tuples(
        st.sampled_from(sorted(METERS)),
        AMOUNTS,
        st.sampled_from(["web", "api"]),
        st.integers(0, 75 * 24 * 60),
        st.sampled_from("abc"),
    ),
    min_size=1,
    max_size=6,
)


class KeptBooks(StripeRules, RuleBasedStateMachine):
    """Everything that happens to a company's books."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.count = 0
        self.open_account()

    def key(self) -> str:
        self.count += 1
        return f"event-{self.count:05}"

    # --- usage

    @initialize(batches=st.lists(st.tuples(CODES, BATCH), min_size=3, max_size=6))
    def begin(self, batches: list[Any]) -> None:
        for code, batch in batches:
            self.use(code, batch)

    @rule(code=CODES, batch=BATCH)
    def use(self, code: str, batch: list[Any]) -> None:
        events = [self.event(code, one) for one in batch]
        starts = self.books.organizations[code].billing_starts_on
        is_early = [
            event.time.astimezone(self.books.organizations[code].zone).date() < starts  # type: ignore[union-attr]
            for event in events
        ]

        verdicts = self.books.send(events)

        assert verdicts == ["rejected" if early else "accepted" for early in is_early]

    def event(self, code: str, told: tuple[str, Decimal, str, int, str]) -> Sent:
        meter, quantity, app, ago, person = told
        # No two events at one moment: which is the latest would be anybody's guess.
        time = self.books.now - timedelta(minutes=ago, microseconds=self.count)
        dimensions = {"app": app} | ({"person": person} if meter == "seats" else {})
        return Sent(self.key(), code, meter, quantity, time, dimensions)

    @precondition(lambda self: self.books.events)
    @rule(data=st.data(), quantity=AMOUNTS)
    def repeat(self, data: st.DataObject, quantity: Decimal) -> None:
        kept = [e["sent"] for e in self.books.events.values() if e["sent"].kind == "usage"]
        sent = data.draw(st.sampled_from(kept))
        other = Sent(
            sent.key,
            sent.organization,
            sent.meter,
            sent.quantity + quantity,
            sent.time,
            sent.dimensions,
        )

        verdicts = self.books.send([sent, other, sent])

        assert verdicts == ["duplicate", "conflict", "duplicate"]

    @precondition(
        lambda self: any(not e["corrected"] and not e["void"] for e in self.books.events.values())
    )
    @rule(data=st.data(), quantity=st.none() | AMOUNTS)
    def correct(self, data: st.DataObject, quantity: Decimal | None) -> None:
        open_keys = [
            k for k, e in self.books.events.items() if not e["corrected"] and not e["void"]
        ]
        target = data.draw(st.sampled_from(open_keys))
        kind = "void" if quantity is None else "replace"
        correction = Sent(
            self.key(),
            None,
            None,
            quantity,
            None,
            None,
            kind=kind,
            corrects=target,
            reason="Wrong.",
        )

        assert self.books.send([correction]) == ["accepted"]

    # --- what is sold

    @rule(code=CODES, back=st.integers(-20, 40), version=st.integers(0, 1))
    def switch(self, code: str, back: int, version: int) -> None:
        books = self.books
        day = max(books.now.date() - timedelta(days=back), date(2024, 1, 5))
        wanted = books.versions[version]
        with suppress(PlanHeldAlready), scope(books.tenant.pk):
            switch_plan(
                organization_id=books.organizations[code].pk,
                version_id=wanted.pk,
                from_on=day,
                now=books.now,
            )
            self.note_switch(books.assignments[code], wanted.pk, day)

    def note_switch(self, held: list[dict[str, Any]], version: Any, day: date) -> None:
        [span] = [a for a in held if a["from"] <= day and (a["to"] is None or day < a["to"])]
        held.append({"version": version, "from": day, "to": span["to"]})
        span["to"] = day

    @rule(code=CODES, amount=st.integers(-5000, 5000).filter(bool), ahead=st.integers(-50, 50))
    def item(self, code: str, amount: int, ahead: int) -> None:
        with scope(self.books.tenant.pk):
            add_item(
                organization_id=self.books.organizations[code].pk,
                description="Item",
                amount_minor=amount,
                due_on=self.books.now.date() + timedelta(days=ahead),
                now=self.books.now,
            )

    @rule(code=CODES, amount=st.integers(1, 3000))
    def pay_ahead(self, code: str, amount: int) -> None:
        with scope(self.books.tenant.pk):
            top_up(organization_id=self.books.organizations[code].pk, amount_minor=amount)

    # --- time and runs

    @rule(days=st.integers(1, 25), hours=st.integers(0, 23))
    def wait(self, days: int, hours: int) -> None:
        self.books.now += timedelta(days=days, hours=hours)

    @rule(crash_after=st.none() | st.integers(0, 8))
    def run(self, crash_after: int | None) -> None:
        last_month = (self.books.now.date().replace(day=1) - timedelta(days=1)).replace(day=1)
        self.books.run(last_month, crash_after=crash_after)
        push_all(self.books)
        assert self.books.violations() == {}

    @rule()
    def cancel(self) -> None:
        with scope(self.books.tenant.pk):
            run = BillingRun.objects.filter(state__in=["review", "stopped"]).first()
            if run is not None:
                cancel_run(run_id=run.pk, now=self.books.now)

    # --- after invoices are final

    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        with scope(self.books.tenant.pk):
            invoice = self.drawn(data, Invoice.objects.filter(state="final", credit_notes=None))
            if invoice is None:
                return
            with suppress(NotVoidable):
                void_invoice(invoice_id=invoice.pk, reason="Wrong.", by=None, now=self.books.now)
        assert self.books.violations() == {}

    @rule(
        data=st.data(),
        settled_by=st.sampled_from(Settled.values),
        amount=st.none() | st.integers(1, 3000),
        by_lines=st.booleans(),
    )
    def credit(
        self, data: st.DataObject, settled_by: str, amount: int | None, by_lines: bool
    ) -> None:
        refusals = (CreditTooLarge, NothingLeft, UnknownLine)
        with suppress(*refusals), scope(self.books.tenant.pk):
            invoice = self.drawn(data, Invoice.objects.filter(state="final"))
            if invoice is None:
                return
            lines = [line for line in invoice.lines.all() if line.kind in CREDITABLE]
            takes = [Take(line.pk) for line in lines if line.amount_minor > 0] if by_lines else []
            issue_credit_note(
                invoice_id=invoice.pk,
                settled_by=settled_by,
                reason="A gesture.",
                key=None,
                by=None,
                now=self.books.now,
                amount_minor=None if takes else amount,
                lines=takes,
            )

    @rule(data=st.data())
    def void_note(self, data: st.DataObject) -> None:
        with suppress(AlreadyVoid, RefundIsOut, CreditIsUsed), scope(self.books.tenant.pk):
            note = self.drawn(data, CreditNote.objects.filter(settled_by="prepaid"))
            if note is not None:
                void_credit_note(note_id=note.pk, by=None, now=self.books.now)

    def drawn(self, data: st.DataObject, rows: Any) -> Any:
        found = list(rows.order_by("number"))
        return data.draw(st.sampled_from(found)) if found else None

    # --- in the end

    def teardown(self) -> None:
        """Let all periods end, twice, so that what was late is billed too; then compare."""
        for _ in range(2):
            self.books.run(self.books.now.date().replace(day=1))
            self.books.now += timedelta(days=64)
            self.books.run(self.books.now.date().replace(day=1))
        push_all(self.books)
        self.settle()
        assert self.books.violations() == {}
        assert self.books.flagged() == 0
        self.assert_nothing_waits()
        self.assert_same_at_stripe()
        if where := os.environ.get("BOOKS_TOLD"):
            with Path(where).open("a") as told:
                told.write(f"{self.books.told()}\n")
        for code in self.books.organizations:
            until = self.books.closed_until(code)
            assert until > self.books.now.date() - timedelta(days=64)
            assert self.books.invoiced(code, until) == self.books.reckoned(code, until)


def test_books_stay_sound_whatever_happens(
    db: None, sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STRIPE_RATE_GLOBAL = settings.STRIPE_RATE_PER_ENDPOINT = 5000
    sandbox.control("POST", "settings", rate_limit={"enabled": False})
    monkeypatch.setattr("payments.gateway.limiter.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("payments.gateway.limiter.LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(KeptBooks, "sandbox", sandbox, raising=False)
    run_state_machine_as_test(
        KeptBooks,
        settings=how_long(
            max_examples=int(os.environ.get("BOOKS_EXAMPLES", "3")),
            stateful_step_count=int(os.environ.get("BOOKS_STEPS", "20")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Shrinking runs the database for many minutes: for long runs by hand alone.
            phases=list(Phase)
            if "BOOKS_SHRINK" in os.environ
            else [Phase.explicit, Phase.generate],
            print_blob=True,
        ),
    )
