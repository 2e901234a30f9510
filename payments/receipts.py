"""What a receipt says, for its page and its PDF alike, in the language that is active."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext

from core.money import Money
from core.pdf import Column, Paper
from payments.models import Payment, Receipt, Refund
from payments.templatetags.money import method_words, moment_in_zone

_ON_RECEIPT = (Refund.State.PENDING, Refund.State.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A receipt in words: facts by name, lines with amounts, what they come to, and a note."""

    title: str
    seller: str
    facts: list[tuple[str, str]]
    lines: list[tuple[str, str]]
    kept: tuple[str, str]
    note: str


def sheet_of(receipt: Receipt, *, locale: str) -> Sheet:
    """Return what a receipt says now, refunds included; amounts by the customs of `locale`."""
    payment = receipt.payment
    refunds = refunds_on(payment)
    sent_back = sum((one.amount for one in refunds), Money.zero(payment.currency))
    return Sheet(
        title=gettext("Receipt %(reference)s") % {"reference": receipt.reference},
        seller=payment.tenant.name,
        facts=list(_facts(payment, locale)),
        lines=[
            *_bought(payment, locale),
            *((_about(one), (-one.amount).display(locale)) for one in refunds),
        ],
        kept=(
            gettext("Paid, less what was sent back") if refunds else gettext("Paid"),
            (payment.amount - sent_back).display(locale),
        ),
        note=_note(payment),
    )


def refunds_on(payment: Payment) -> list[Refund]:
    """Return the refunds of a payment that its receipt shows, oldest first."""
    return list(payment.refunds.filter(state__in=_ON_RECEIPT).order_by("created_at", "id"))


def _bought(payment: Payment, locale: str) -> list[tuple[str, str]]:
    """Return the items that were paid for; one line where there are none, or they do not add up."""
    items = payment.checkout.items
    each = [Money(item["unit_amount_minor"] * item["quantity"], payment.currency) for item in items]
    if not items or sum(each, Money.zero(payment.currency)) != payment.amount:
        return [(payment.checkout.title, payment.amount.display(locale))]
    return [
        (f"{item['quantity']} x {item['name']}", amount.display(locale))
        for item, amount in zip(items, each, strict=True)
    ]


def _facts(payment: Payment, locale: str) -> Iterator[tuple[str, str]]:
    yield gettext("Received by"), payment.tenant.name
    if payment.payer.get("name"):
        yield gettext("Paid by"), str(payment.payer["name"])
    if payment.paid_at is not None:
        yield gettext("Paid on"), moment_in_zone(payment.paid_at)
    if payment.method:
        yield gettext("Paid with"), method_words(payment)
    if payment.link is not None and payment.link.reference:
        yield gettext("Reference"), payment.link.reference
    if payment.checkout.items:
        yield gettext("For"), payment.checkout.title
    if payment.link is not None and payment.link.is_in_parts:
        yield gettext("Still to pay"), payment.link.remaining.display(locale)


def _about(refund: Refund) -> str:
    when = {"when": moment_in_zone(refund.created_at)}
    if refund.state == Refund.State.PENDING:
        return gettext("On its way back to you since %(when)s") % when
    return gettext("Sent back to you, %(when)s") % when


def _note(payment: Payment) -> str:
    if payment.needs_decision:
        return gettext(
            "This payment was not expected. The seller will contact you about it or send it back."
        )
    return gettext("Money that is sent back goes to where it came from.")


def receipt_pdf(receipt: Receipt, *, language: str, locale: str) -> bytes:
    """Return a receipt as a file, in the language that is active; the same bytes each time."""
    sheet = sheet_of(receipt, locale=locale)
    paper = Paper(
        title=sheet.title, author=sheet.seller, footer=f"{sheet.seller} · {receipt.reference}",
        language=language,
    )  # fmt: skip
    paper.text(sheet.seller, kind="bold")
    paper.heading(sheet.title)
    paper.facts(sheet.facts)
    paper.space()
    columns = [Column(gettext("For"), 3), Column(gettext("Amount"), 1, "right")]
    paper.table(columns, [*sheet.lines, sheet.kept], totals=1)
    paper.space()
    paper.text(sheet.note, kind="small")
    return paper.bytes()
