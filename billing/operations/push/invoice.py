"""Push one invoice: create the draft, add its lines, compare, finalize; every step repeatable.

Each call is claimed before and recorded after, in transactions of their own. What Stripe did is
certain only by an answer that is not a stored error; otherwise the same key is used again, or,
when that can teach nothing any more, Stripe is read and only what lacks is sent, under a new key.
Nothing is finalized that was not compared in the same turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from billing.models import Invoice, Push, StripeCall
from billing.operations.push.customers import CustomerNotReady, ensure_customer, forget_customer
from billing.operations.push.payload import (
    BATCH,
    MOST_LINES,
    WantedLine,
    compare,
    invoice_params,
    shown_is_right,
    wanted_lines,
)
from billing.operations.push.rows import KEY_LIFETIME, Turn, tell_answered
from billing.operations.standings import keep_standing
from core.observe.money import tell_money
from core.tenancy import scope
from payments.gateway import (
    BULK,
    InvoiceFacts,
    Invoices,
    LimitUsedUp,
    StripeRefused,
    StripeUnavailable,
)
from payments.models import StripeAccount

Step = Push.Step
LOOK_BACK = timedelta(days=1)
# A draft is thrown away and made anew by itself this often; then a person looks.
MOST_RESTARTS = 2
# Ways that lead to no end are given up, with their last words, until the next turn.
MOST_ROUNDS = 40
# Stands in `sending` when a person wants the draft thrown away.
START_ANEW = "start anew"


@dataclass(slots=True)
class Sending:
    """All that the steps of one invoice need."""

    turn: Turn
    invoice: Invoice
    account: StripeAccount
    gateway: Invoices
    wanted: list[WantedLine]

    @property
    def push(self) -> Push:
        """The row."""
        return self.turn.push

    def key(self, batch: int = 0) -> str:
        """Return the idempotency key of the step that the row is at."""
        push = self.push
        return f"tap:inv:{push.invoice_id}:{push.step}:{batch}:{push.generation}"


def push_invoice(turn: Turn, invoice: Invoice, account: StripeAccount) -> None:
    """Take a claimed invoice as far as it goes in this turn. Outside any scope.

    Raises StripeUnavailable after it was put off, CustomerNotReady likewise, and LeaseLost.
    """
    with scope(turn.tenant_id):
        lines = list(invoice.lines.all())
    gateway = Invoices(account, patience=BULK)
    sending = Sending(turn, invoice, account, gateway, wanted_lines(lines))
    if turn.push.key_used_at is None:
        turn.hold(key_used_at=turn.clock(), is_collapsed=len(lines) > MOST_LINES)
    for _ in range(MOST_ROUNDS):
        if turn.push.state not in Push.OPEN:
            return
        _one_step(sending)
    turn.postpone("It went round without an end; the steps are in its log.")


def _one_step(sending: Sending) -> None:
    push = sending.push
    age = sending.turn.clock() - push.key_used_at if push.key_used_at else timedelta()
    try:
        if age > KEY_LIFETIME:
            _in_doubt(sending, "The key is older than a day.")
        else:
            _STEPS[push.step](sending)
    except StripeUnavailable as error:
        sending.turn.note("no answer", key=sending.key(), detail=str(error))
        if isinstance(error, LimitUsedUp):
            raise
        if not error.replayed:
            sending.turn.postpone(str(error), seconds=error.retry_after)
            raise
        _in_doubt(sending, str(error))
    except CustomerNotReady as error:
        sending.turn.wait(str(error), seconds=error.seconds)
        raise
    except StripeRefused as refusal:
        sending.turn.note("refused", key=sending.key(), detail=str(refusal))
        _refused(sending, refusal)


def _refused(sending: Sending, refusal: StripeRefused) -> None:
    """Decide what a certain no of Stripe's means."""
    if refusal.replayed or refusal.code == "idempotency_error" or refusal.status >= 500:
        _in_doubt(sending, str(refusal))
    elif refusal.status in (401, 403):
        sending.turn.postpone(f"Stripe does not accept the account's key: {refusal}", seconds=300)
        raise StripeUnavailable(str(refusal))
    elif _is_customer_gone(refusal):
        _customer_gone(sending)
    elif sending.push.step == Step.CREATE:
        _create_refused(sending, refusal)
    elif refusal.code == "resource_missing" or refusal.status == 404:
        _start_again(sending, "The draft was deleted at Stripe.", is_there=False)
    elif sending.push.step == Step.VERIFY or not _is_final_there(sending):
        sending.turn.block(f"Stripe refuses it: {refusal}")


def _is_customer_gone(refusal: StripeRefused) -> bool:
    return refusal.code == "resource_missing" and refusal.param == "customer"


def _customer_gone(sending: Sending) -> None:
    organization, turn = sending.push.organization, sending.turn
    customer_id = organization.stripe_customer_id or ""
    with scope(turn.tenant_id):
        forget_customer(organization.pk, customer_id, turn_now=turn.clock)
    if sending.push.step == Step.CREATE:
        turn.use_new_key(last_error="The customer was deleted at Stripe; a new one is made.")
        return
    _start_again(sending, "Its customer was deleted at Stripe.")


def _is_final_there(sending: Sending) -> bool:
    """Return whether somebody finalized it meanwhile; then comparing decides."""
    facts = sending.gateway.read(sending.push.stripe_id or "")
    if facts.is_draft:
        return False
    sending.turn.hold(step=Step.VERIFY, sending=[])
    return True


# --- in doubt: read, then adopt or use a new key ------------------------------------------------


def _in_doubt(sending: Sending, why: str) -> None:
    """Look at what Stripe has, since the key in use can teach nothing more."""
    if sending.push.step == Step.CREATE:
        found = _look_for_it(sending)
        if found is None:
            sending.turn.use_new_key(last_error=why[:500])
        else:
            _adopt(sending, found)
        return
    sending.turn.note("in doubt", detail=why)
    sending.turn.is_verified = False
    sending.turn.use_new_key(step=Step.VERIFY, sending=[])


def _look_for_it(sending: Sending) -> InvoiceFacts | None:
    """Find our invoice at Stripe by its metadata; surplus drafts are deleted."""
    customer = sending.push.organization.stripe_customer_id
    if not customer:
        return None
    found = sending.gateway.find(
        {"taproom_invoice": str(sending.push.invoice_id)},
        customer_id=customer,
        since=sending.push.created_at - LOOK_BACK,
    )
    found.sort(key=lambda facts: (facts.status == "void", facts.is_draft))
    for surplus in (facts for facts in found[1:] if facts.is_draft):
        sending.gateway.delete_draft(surplus.invoice_id)
    sending.turn.note(
        "found" if found else "not there", detail=found[0].invoice_id if found else ""
    )
    return found[0] if found else None


def _adopt(sending: Sending, facts: InvoiceFacts) -> None:
    sending.turn.is_verified = False
    sending.turn.use_new_key(stripe_id=facts.invoice_id, step=Step.VERIFY, sending=[])


def _create_refused(sending: Sending, refusal: StripeRefused) -> None:
    found = _look_for_it(sending) if refusal.param == "number" else None
    if found is not None:
        _adopt(sending, found)
    elif refusal.param == "number":
        number = sending.invoice.number
        sending.turn.block(f"Another invoice at Stripe has the number {number} already.")
    else:
        sending.turn.block(f"Stripe refuses the invoice: {refusal}")


def _start_again(
    sending: Sending, why: str, *, is_there: bool = True, by_hand: bool = False
) -> None:
    """Delete a wrong draft and begin anew, unless that was done too often."""
    turn, push = sending.turn, sending.push
    with scope(turn.tenant_id):
        times = StripeCall.objects.filter(push=push, outcome="start again").count()
    if times >= MOST_RESTARTS and not by_hand:
        turn.block(f"{why} It was made anew {times} times already.", state=Push.State.MISMATCH)
        return
    if is_there and push.stripe_id:
        delete_if_there(sending.gateway, push.stripe_id)
    turn.note("made anew" if by_hand else "start again", detail=why)
    turn.use_new_key(
        step=Step.CREATE,
        stripe_id=None,
        sending=[],
        lines_sent=0,
        differences=[],
        last_error=why[:500],
    )


def delete_if_there(gateway: Invoices, invoice_id: str) -> None:
    """Delete a draft that may be gone already; StripeRefused when it is a draft no longer."""
    try:
        gateway.delete_draft(invoice_id)
    except StripeRefused as refusal:
        if refusal.status != 404:
            raise


# --- steps --------------------------------------------------------------------------------------


def _create(sending: Sending) -> None:
    turn, push = sending.turn, sending.push
    customer = ensure_customer(push.organization, sending.account, turn.clock)
    push.organization.stripe_customer_id = customer
    params = invoice_params(sending.invoice, push.organization, turn.clock())
    key = sending.key()
    facts = sending.gateway.create(params, key=key)
    turn.note("made", key=key, detail=facts.invoice_id)
    # After the first generation lines may stand there: they are read before any is sent.
    is_first = push.generation == 1
    turn.hold(
        stripe_id=facts.invoice_id,
        step=Step.LINES if is_first else Step.VERIFY,
        key_used_at=turn.clock(),
        failures=0,
        sending=[line.ref for line in sending.wanted[:BATCH]] if is_first else [],
    )


def _add_lines(sending: Sending) -> None:
    turn, push = sending.turn, sending.push
    by_ref = {line.ref: line for line in sending.wanted}
    zone = push.organization.zone
    lines = [by_ref[ref].params(zone, sending.invoice.currency) for ref in push.sending]
    key = sending.key(push.lines_sent // BATCH)
    facts = sending.gateway.add_lines(push.stripe_id or "", lines, key=key)
    turn.note("lines", key=key, detail=f"{len(lines)} lines, total {facts.total_minor}")
    sent = push.lines_sent + len(lines)
    following = [line.ref for line in sending.wanted[sent : sent + BATCH]]
    if push.generation > 1 or (not following and not _is_right(sending, facts)):
        step, following = Step.VERIFY, []
    elif following:
        step = Step.LINES
    else:
        turn.is_verified = True
        step = Step.FINALIZE
    turn.hold(step=step, lines_sent=sent, sending=following, key_used_at=turn.clock(), failures=0)


def _is_right(sending: Sending, facts: InvoiceFacts) -> bool:
    return facts.is_draft and shown_is_right(facts, sending.wanted, sending.invoice)


def _verify(sending: Sending) -> None:
    """Read all of it, and go on, send what lacks, begin anew, or leave it to a person."""
    turn, push = sending.turn, sending.push
    facts = sending.gateway.read(push.stripe_id or "")
    turn.renew()
    lines = sending.gateway.read_lines(facts.invoice_id)
    found = compare(facts, lines, sending.wanted, sending.invoice)
    turn.note("read", detail=f"{facts.status}, {len(lines)} lines, total {facts.total_minor}")
    if facts.is_draft and push.sending == [START_ANEW]:
        _start_again(sending, "A person threw the draft away.", by_hand=True)
    elif facts.status == "void":
        turn.block("It was voided at Stripe. Void it here too, or send it anew.")
    elif found.is_doubled and facts.is_draft:
        _start_again(sending, "Lines stood twice on the draft; it was deleted.")
    elif found.differences or (found.missing and not facts.is_draft):
        _leave_to_person(sending, facts, found.differences or _lacking(found.missing))
    elif found.missing:
        sent = len(sending.wanted) - len(found.missing)
        turn.use_new_key(step=Step.LINES, sending=found.missing[:BATCH], lines_sent=sent)
    elif facts.is_draft:
        turn.is_verified = True
        turn.use_new_key(step=Step.FINALIZE, sending=[], lines_sent=len(sending.wanted))
    else:
        _finish(sending, facts)


def _lacking(missing: list[str]) -> list[list[str]]:
    return [["lines", f"{len(missing)} more", "not there"]]


def _leave_to_person(sending: Sending, facts: InvoiceFacts, differences: list[list[str]]) -> None:
    words = "; ".join(
        f"{what}: ours {ours}, Stripe's {theirs}" for what, ours, theirs in differences
    )
    status = "draft" if facts.is_draft else f"invoice that is {facts.status} already"
    sending.turn.block(
        f"The {status} at Stripe differs. {words}",
        state=Push.State.MISMATCH,
        differences=differences[:20],
    )


def _finalize(sending: Sending) -> None:
    turn, push = sending.turn, sending.push
    if not turn.is_verified:
        turn.hold(step=Step.VERIFY)
        return
    key = sending.key()
    facts = sending.gateway.finalize(push.stripe_id or "", key=key)
    turn.note("finalized", key=key, detail=facts.number)
    if (
        facts.total_minor != sending.invoice.total_minor
        or facts.currency != sending.invoice.currency
    ):
        ours, theirs = str(sending.invoice.total_minor), str(facts.total_minor)
        _leave_to_person(sending, facts, [["total", ours, theirs]])
        return
    _finish(sending, facts)


def _finish(sending: Sending, facts: InvoiceFacts) -> None:
    turn, now = sending.turn, sending.turn.clock()
    with scope(turn.tenant_id):
        turn.end(
            state=Push.State.DONE,
            step=Step.DONE,
            done_at=now,
            last_error="",
            differences=[],
            sending=[],
            hosted_url=facts.hosted_url[:500],
            pdf_url=facts.pdf_url[:500],
        )
        keep_standing(sending.invoice.pk, facts, read_at=now, now=now)
        credits_of_it = Push.objects.filter(
            organization_id=turn.push.organization_id, credit_note__invoice=sending.invoice
        )
        credits_of_it.filter(state=Push.State.WAITING).update(next_at=now)
        tell_answered(now)
        tell_money(
            "invoice_pushed",
            amount_minor=sending.invoice.total_minor,
            currency=sending.invoice.currency,
            invoice_id=sending.invoice.pk,
            number=sending.invoice.number,
            stripe_invoice_id=turn.push.stripe_id,
        )


_STEPS: dict[str, Callable[[Sending], None]] = {
    Step.CREATE: _create,
    Step.LINES: _add_lines,
    Step.VERIFY: _verify,
    Step.FINALIZE: _finalize,
}
