"""Receipts: made with the payment, sent to the payer who gave an address."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext

from core.languages import ENGLISH, known_language
from core.models import Entry, Letter, User
from core.operations.letters import AddressInvalid, Content, write_letter
from payments.models import Payment, Receipt

KIND = "receipt"
TOKEN_BYTES = 24  # 192 random bits


class NoReceipt(Exception):
    """The payment has not succeeded: there is nothing to give a receipt for."""


def issue_receipt(*, payment: Payment, now: datetime) -> Receipt:
    """Make the receipt of a payment that succeeded; its letter is written if it can be sent.

    In the transaction that records the payment, with the checkout locked. Repeating returns the
    receipt that is there and writes nothing.
    """
    receipt = Receipt.objects.filter(payment=payment).first()
    if receipt is not None:
        return receipt
    receipt = Receipt.objects.create(
        tenant_id=payment.tenant_id,
        payment=payment,
        token=secrets.token_urlsafe(TOKEN_BYTES),
        language=known_language(payment.checkout.language) or ENGLISH,
    )
    Entry.objects.create(
        secret_hash=Entry.hash_secret(Entry.Kind.RECEIPT, receipt.token),
        kind=Entry.Kind.RECEIPT,
        tenant_id=receipt.tenant_id,
        target_id=receipt.pk,
    )
    address = payer_address(payment)
    if address and payment.tenant.sends_receipts:
        # What the payer typed at Stripe may be no address that mail reaches.
        with suppress(AddressInvalid):
            _write(receipt, address, now, once=f"{KIND}:{payment.pk}")
    return receipt


def payer_address(payment: Payment) -> str:
    """Return the e-mail address that the payer gave at Stripe, or nothing."""
    return str(payment.payer.get("email") or "")


def send_receipt(*, payment_id: UUID, to: str, by: User | None, now: datetime) -> Letter | None:
    """Send the receipt of a payment to an address, at a person's wish. In scope.

    A payment from before receipts gets one. Each call is a letter. Raises NoReceipt,
    AddressInvalid, Payment.DoesNotExist.
    """
    rows = Payment.objects.select_for_update(of=("self",)).select_related("checkout", "tenant")
    payment = rows.get(pk=payment_id)
    if payment.state != Payment.State.SUCCEEDED:
        raise NoReceipt("Only a payment that succeeded has a receipt.")
    return _write(issue_receipt(payment=payment, now=now), to, now, by=by)


def _write(
    receipt: Receipt, to: str, now: datetime, *, once: str | None = None, by: User | None = None
) -> Letter | None:
    return write_letter(
        kind=KIND,
        subject_id=receipt.payment_id,
        to=to,
        content=letter_of(receipt),
        language=receipt.language,
        once=once,
        by=by,
        now=now,
    )


def letter_of(receipt: Receipt) -> Content:
    """Return what the payer is written, in their language and the seller's time zone."""
    payment = receipt.payment
    told = {"receipt": receipt, "payment": payment, "tenant": payment.tenant}
    with translation.override(receipt.language), timezone.override(payment.tenant.zone):
        names = {"seller": payment.tenant.name, "title": payment.checkout.title}
        return Content(
            subject=gettext("Receipt from %(seller)s: %(title)s") % names,
            text=render_to_string("payments/letters/receipt.txt", told),
        )
