"""Evidence for a dispute: what is known of a payment, in words, by Stripe's fields.

Source of the field names: Stripe docs, "Dispute evidence". Apps add sections of their own, such
as the terms that the payer agreed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from core.backoffice.timelines import timeline_of
from payments.models import CardTry, FraudDecision, Payment, PaymentLink
from payments.words import paid_with, words_of_choice

# Stripe takes 20,000 signs a field, 150,000 in all.
LONGEST: Final = 19_000
Section = Callable[[Payment], Iterable[str]]

_sections: dict[str, Section] = {}


def register_section(title: str, lines: Section) -> None:
    """Add a section: `lines(payment)` returns its lines, in scope; none leave the section out."""
    _sections[title] = lines


def evidence_of(payment: Payment) -> dict[str, str]:
    """Return Stripe's evidence fields with what is known; empty ones are left out. In scope."""
    texts = {
        "customer_name": str(payment.payer.get("name", "")),
        "customer_email_address": str(payment.payer.get("email", "")),
        "customer_purchase_ip": _address(payment),
        "product_description": _what_was_sold(payment),
        "service_date": f"{payment.paid_at:%Y-%m-%d}" if payment.paid_at else "",
        "access_activity_log": "\n".join(_access(payment)),
        "uncategorized_text": "\n\n".join(_all_sections(payment)),
    }
    return {name: text[:LONGEST] for name, text in texts.items() if text}


def _all_sections(payment: Payment) -> Iterable[str]:
    for title, section in _sections.items():
        lines = list(section(payment))
        if lines:
            yield "\n".join([title.upper(), *lines])


def _passages(payment: Payment) -> list[FraudDecision]:
    rows = FraudDecision.objects.filter(checkout=payment.checkout_id).exclude(address="")
    return list(rows.order_by("created_at", "id")[:50])


def _address(payment: Payment) -> str:
    passages = [one for one in _passages(payment) if one.address]
    return passages[-1].address if passages else ""


def _access(payment: Payment) -> Iterable[str]:
    for one in _passages(payment):
        yield f"{_moment(one.created_at)}: opened the payment page from {one.address}"
    for card in CardTry.objects.filter(checkout=payment.checkout_id).order_by("made_at")[:50]:
        how = "paid" if card.is_paid else f"declined ({card.decline_code or 'no reason'})"
        secured = ", confirmed with the bank by 3-D Secure" if card.is_secured else ""
        yield f"{_moment(card.made_at)}: {how}{secured}, charge {card.stripe_charge_id}"


def _what_was_sold(payment: Payment) -> str:
    link = _link_as_it_was(payment)
    said = f"{payment.checkout.title}."
    if link is not None and link.description:
        said = f"{said} {link.description}"
    return said


def _receipt(payment: Payment) -> Iterable[str]:
    how = paid_with(method=payment.method, brand=payment.card_brand, last4=payment.last4)
    yield f"Amount: {payment.amount.display()}"
    if payment.paid_at:
        yield f"Paid: {_moment(payment.paid_at)}, {how}"
    yield f"Charge at Stripe: {payment.stripe_charge_id}"
    for refund in payment.refunds.order_by("created_at"):
        state = refund.get_state_display().lower()
        yield f"Refund of {refund.amount.display()}: {state}, {_moment(refund.created_at)}"


def _terms(payment: Payment) -> Iterable[str]:
    link = _link_as_it_was(payment)
    if link is None:
        return
    yield f"The payment page asked for {payment.checkout.amount.display()} for: {link.title}"
    if link.description:
        yield f"It said: {link.description}"
    shown = payment.checkout.link_version
    if shown is not None:
        yield f"Version {shown.number} of the page, made {_moment(shown.made_at)}"
    if link.after_payment_message:
        yield f"After paying it said: {link.after_payment_message}"


def _link_as_it_was(payment: Payment) -> PaymentLink | None:
    """Return the link as it said when its page was opened: later edits were shown to nobody."""
    shown = payment.checkout.link_version
    if payment.link is None or shown is None:
        return payment.link
    shown.link = payment.link
    return shown.as_link()


def _choice(payment: Payment) -> Iterable[str]:
    return words_of_choice(payment.checkout).splitlines()


def _story(payment: Payment) -> Iterable[str]:
    for happening in reversed(timeline_of(payment)):
        yield f"{_moment(happening.when)}: {happening.what}"


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


register_section("Receipt", _receipt)
register_section("What the payer agreed to", _terms)
register_section("What the payer chose, answered and ticked", _choice)
register_section("What happened", _story)
