"""The story of one try to pay: what happened in order, what it means, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from core.money import Money
from payments.explaining.finding import Match, things_of
from payments.models import Checkout, Payment, PaymentLink, Refund, StripeEvent

STATES_WITHOUT_MONEY = (Checkout.State.FAILED, Checkout.State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that happened at a moment, in words."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Story:
    """What was to be paid, what happened (oldest first), what it means, and what to do next."""

    title: str
    happened: list[Sentence]
    means: list[str]
    to_do: list[str]


Teller = Callable[[Payment], Iterable[Sentence]]
_tellers: list[Teller] = []


def register_teller(teller: Teller) -> None:
    """Let an app above tell what it did with a payment, such as passing the money on."""
    if teller not in _tellers:
        _tellers.append(teller)


def story_of(match: Match, *, now: datetime) -> Story:
    """Tell the story of a match. In scope; names no payer."""
    link, checkout = match.link, match.checkout
    if checkout is None:
        if link is None:
            raise ValueError("a match has a link or a try")
        happened = [*_of_link(link, now)]
        means = ["No money has moved: nobody has begun to pay."]
        return Story(f"Payment link {link.title!r} ({link.pk})", happened, means, [])
    payment = Payment.objects.filter(checkout=checkout).select_related("decided_by").first()
    refunds = list(payment.refunds.select_related("requested_by", "settled_by")) if payment else []
    events = _events(checkout, payment, refunds)
    happened = [
        *(_of_link(link, now) if link else ()),
        *_of_try(checkout),
        *(sentence for event in events for sentence in _of_event(event)),
        *(_of_payment(payment) if payment else ()),
        *(sentence for refund in refunds for sentence in _of_refund(refund)),
        *(sentence for teller in _tellers for sentence in (teller(payment) if payment else ())),
    ]
    happened.sort(key=lambda sentence: sentence.at)
    what = f"link {link.title!r}" if link else f"{checkout.kind} {checkout.subject_id}"
    title = f"{checkout.amount.display()} for {what} (try {checkout.pk})"
    means = list(_meaning(checkout, payment, refunds))
    return Story(title, happened, means, list(_to_do(checkout, payment, refunds, events)))


def _of_link(link: PaymentLink, now: datetime) -> Iterator[Sentence]:
    limit = (
        "any number of payments" if link.max_payments is None else f"{link.max_payments} at most"
    )
    who = f" by {link.created_by}" if link.created_by else ""
    yield Sentence(
        link.created_at,
        f"The link {link.pk} was made{who}: {link.amount.display()}, {limit}. Today it is version "
        f"{link.version}, {link.status_at(now).label.lower()}, and paid {link.paid_count} times.",
    )
    for off in link.times_off:
        yield Sentence(off.lower, f"The link was off until {off.upper:%Y-%m-%d %H:%M} UTC.")
    if link.deactivated_at is not None:
        yield Sentence(link.deactivated_at, "The link was switched off, and is off since then.")


def _of_try(checkout: Checkout) -> Iterator[Sentence]:
    yield Sentence(
        checkout.created_at,
        f"A customer began to pay {checkout.amount.display()}. Stripe was asked for a session "
        f"under the key {checkout.idempotency_key}.",
    )
    if checkout.stripe_session_id:
        ends = f"{checkout.session_expires_at:%Y-%m-%d %H:%M}"
        words = f"Stripe's session is {checkout.stripe_session_id}; it ends at {ends} UTC."
        yield Sentence(checkout.created_at, words)
    else:
        why = checkout.last_error or "nothing came back"
        yield Sentence(checkout.created_at, f"No session of Stripe is known: {why}")
    if checkout.state in STATES_WITHOUT_MONEY:
        words = f"The try ended as {checkout.get_state_display().lower()}, without money."
        yield Sentence(checkout.updated_at, words)


def _events(
    checkout: Checkout, payment: Payment | None, refunds: list[Refund]
) -> list[StripeEvent]:
    """Return Stripe's events about a try; those of disputes name their payment in the payload."""
    names = {
        checkout.stripe_session_id,
        checkout.stripe_payment_intent_id,
        payment and payment.stripe_charge_id,
        *(refund.stripe_refund_id for refund in refunds),
    }
    known = {name for name in names if name}
    begun = Q(created_at__gte=checkout.created_at, type__startswith="charge.dispute")
    found = StripeEvent.objects.filter(Q(object_id__in=known) | begun).order_by("stripe_created_at")
    return [event for event in found if event.object_id in known or things_of(event) & known]


def _of_event(event: StripeEvent) -> Iterator[Sentence]:
    said = f"Stripe's event {event.stripe_event_id} ({event.type}) came"
    if event.processed_at is not None:
        yield Sentence(event.created_at, f"{said} and was acted on: {event.outcome or 'done'}.")
    else:
        why = f", last time: {event.last_error}" if event.last_error else ""
        yield Sentence(event.created_at, f"{said}; {event.attempts} tries to act on it{why}.")


def _of_payment(payment: Payment) -> Iterator[Sentence]:
    what = f"Payment {payment.pk} ({payment.stripe_payment_intent_id or 'no intent'})"
    how = " ".join(filter(None, [payment.method, payment.card_brand, payment.last4]))
    amount = payment.amount.display()
    if payment.state == Payment.State.SUCCEEDED:
        at = max(payment.paid_at or payment.created_at, payment.checkout.created_at)
        yield Sentence(at, f"{what}: {amount} came by {how or 'an unknown method'}.")
        yield Sentence(payment.created_at, _settled(payment))
    elif payment.state == Payment.State.PENDING:
        yield Sentence(payment.created_at, f"{what}: {amount} is on its way from a bank by {how}.")
    else:
        why = payment.decline_message or payment.decline_code or "no reason given"
        yield Sentence(payment.updated_at, f"{what} was declined: {why}")
    if payment.decided_at is not None:
        who = f" by {payment.decided_by}" if payment.decided_by else ""
        verb = "kept" if payment.decision == Payment.Decision.KEPT else "sent back"
        yield Sentence(payment.decided_at, f"It was decided{who} that the money is {verb}.")


def _settled(payment: Payment) -> str:
    return {
        Payment.Standing.EXPECTED: "It was expected, and counts for what was to be paid.",
        Payment.Standing.LATE: "It came after the end, so it does not count by itself.",
        Payment.Standing.SURPLUS: "It had been paid already: this money came twice.",
        Payment.Standing.MISMATCHED: f"It is not what was asked for: {payment.mismatch}.",
    }[Payment.Standing(payment.standing)]


def _of_refund(refund: Refund) -> Iterator[Sentence]:
    who = f" by {refund.requested_by}" if refund.requested_by else ""
    at_stripe = refund.stripe_refund_id or f"not at Stripe yet, key {refund.idempotency_key}"
    yield Sentence(
        refund.created_at,
        f"A refund of {refund.amount.display()} was asked for{who} ({refund.pk}, {at_stripe}): "
        f"{refund.get_state_display().lower()}"
        + (f", {refund.last_error}" if refund.last_error else "")
        + ".",
    )
    if refund.settled_at is not None:
        yield Sentence(refund.settled_at, f"Its money went back another way: {refund.settled_note}")


def _meaning(checkout: Checkout, payment: Payment | None, refunds: list[Refund]) -> Iterator[str]:
    if payment is None or payment.state == Payment.State.FAILED:
        if checkout.is_settled:
            yield "No money has moved, and none will by this try."
        else:
            yield "No money has moved yet; the customer may still pay by this try."
        return
    if payment.state == Payment.State.PENDING:
        yield "The money is not certain: the bank may still refuse it."
        return
    back = sum(one.amount_minor for one in refunds if one.state == Refund.State.SUCCEEDED)
    on_its_way = sum(
        one.amount_minor
        for one in refunds
        if one.state in {Refund.State.PENDING, Refund.State.REQUESTED}
    )
    left = Money(payment.amount_minor - back - on_its_way, payment.currency)
    yield f"The customer paid {payment.amount.display()}. Of it the company has {left.display()}."
    if back:
        yield f"{Money(back, payment.currency).display()} went back."
    if on_its_way:
        yield f"{Money(on_its_way, payment.currency).display()} is on its way back."


def _to_do(
    checkout: Checkout,
    payment: Payment | None,
    refunds: list[Refund],
    events: list[StripeEvent],
) -> Iterator[str]:
    if payment is not None and payment.needs_decision:
        yield "An admin keeps this money or sends it back: back office, Payments, Worklist."
    again = [one for one in refunds if one.state != Refund.State.FAILED]
    if (
        any(one.state == Refund.State.FAILED and not one.settled_at for one in refunds)
        and not again
    ):
        yield "The customer waits for a refund that failed: refund again, or pay another way."
    if any(one.state == Refund.State.REQUESTED for one in refunds):
        yield "A worker of the queue `stripe` sends the refund; see manage.py doctor if it stays."
    if any(event.processed_at is None for event in events):
        yield "Workers act on the events that wait; stuck ones stand on the worklist."
    if not checkout.is_settled:
        yield "Nothing by hand: Stripe is asked again by itself until it is certain."
