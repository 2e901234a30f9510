"""What Stripe's codes mean, in words for the people who can do something about it."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments.models import Checkout

OTHER: Final = _(
    "Your bank or card company did not approve the payment. Try another card, or ask them."
)

_CALL_BANK: Final = _(
    "Your bank or card company did not approve the payment and gave no reason. Ask them, or try"
    " another card."
)
_FUNDS: Final = _("There was not enough money in the account. Try another card or account.")
_TRY_AGAIN: Final = _("The card could not be checked just now. Try again in a few minutes.")

# Source: Stripe, Decline codes and Error codes. What could tell a thief that a card is known as
# lost or stolen gets the neutral words, as Stripe asks.
_BY_CODE: Final = {
    "insufficient_funds": _FUNDS,
    "withdrawal_count_limit_exceeded": _FUNDS,
    "card_velocity_exceeded": _FUNDS,
    "expired_card": _("The card has expired. Try another card."),
    "incorrect_cvc": _("The security code of the card was not right. Check it and try again."),
    "invalid_cvc": _("The security code of the card was not right. Check it and try again."),
    "incorrect_number": _("The card number was not right. Check it and try again."),
    "invalid_number": _("The card number was not right. Check it and try again."),
    "invalid_expiry_month": _("The expiry date of the card was not right. Check it and try again."),
    "invalid_expiry_year": _("The expiry date of the card was not right. Check it and try again."),
    "incorrect_zip": _("The postal code did not match the card. Check it and try again."),
    "card_not_supported": _("The card does not allow this kind of payment. Try another card."),
    "currency_not_supported": _("The card does not allow this currency. Try another card."),
    "processing_error": _TRY_AGAIN,
    "issuer_not_available": _TRY_AGAIN,
    "reenter_transaction": _TRY_AGAIN,
    "try_again_later": _TRY_AGAIN,
    "authentication_required": _(
        "Your bank wanted to check that it is you. Try again and confirm."
    ),
    "payment_intent_authentication_failure": _(
        "Your bank could not check that it is you. Try again and confirm with your bank, or use"
        " another card."
    ),
    "test_mode_live_card": _("This is a test page: real cards are not taken here."),
    "generic_decline": _CALL_BANK,
    "card_declined": _CALL_BANK,
    "do_not_honor": _CALL_BANK,
    "call_issuer": _CALL_BANK,
    "lost_card": _CALL_BANK,
    "stolen_card": _CALL_BANK,
    "fraudulent": _CALL_BANK,
    "pickup_card": _CALL_BANK,
    "debit_not_authorized": _(
        "The account's owner has not allowed this debit. Try another account."
    ),
    "bank_account_restricted": _("The account cannot be debited. Try another account or a card."),
    "account_closed": _("The account is closed. Try another account or a card."),
    "no_account": _("The account was not found. Check its number and try again."),
}


_REFUND_FAILED: Final = {
    "lost_or_stolen_card": "The card was reported lost or stolen: pay the customer another way.",
    "expired_or_canceled_card": "The card has expired or was closed: pay the customer another way.",
    "charge_for_pending_refund_disputed": "The payment is disputed; the dispute moves the money.",
    "insufficient_funds": "Your balance at Stripe is too small: try again when it has grown.",
    "declined": "The customer's bank did not take the money back: pay it another way.",
    "merchant_request": "It was stopped on your request.",
    "unknown": "The customer's bank gave no reason: try again, or pay it another way.",
}

_METHODS: Final = {
    "card": _("Card"),
    "sepa_debit": _("SEPA Direct Debit"),
    "us_bank_account": _("US bank account"),
    "bacs_debit": "Bacs Direct Debit",
    "au_becs_debit": "BECS Direct Debit",
    "acss_debit": _("Canadian bank debit"),
    "ideal": "iDEAL",
    "bancontact": "Bancontact",
    "link": "Link",
    "paypal": "PayPal",
}

_BRANDS: Final = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "eftpos_au": "eftpos",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}


def why_refund_failed(reason: str) -> str:
    """Return what a failed refund's reason means for staff; other texts speak for themselves.

    Source: Stripe, Refund object, failure_reason.
    """
    return _REFUND_FAILED.get(reason, reason or "Stripe gave no reason.")


def methods_known() -> list[str]:
    """Return the payment methods that have a name of their own here."""
    return list(_METHODS)


def method_name(method: str) -> str:
    """Return a payment method as people call it."""
    return str(_METHODS.get(method, method.replace("_", " ").capitalize()))


def paid_with(*, method: str, brand: str, last4: str) -> str:
    """Return what was paid with: `Card · Visa ···· 4242`, or nothing where it is not known.

    Only cards have their brand told: a debit's is the name of the payer's bank.
    """
    name = method_name(method)
    if method == "card" and brand:
        name = f"{name} · {_BRANDS.get(brand, brand.replace('_', ' ').title())}"
    return f"{name} ···· {last4}".strip() if last4 else name


def short_method(*, brand: str, last4: str) -> str:
    """Return what a customer paid with, as they would say it: `Visa ending in 4242`."""
    name = _BRANDS.get(brand, brand.title()) or gettext("Account")
    return gettext("%(name)s ending in %(last4)s") % {"name": name, "last4": last4}


def why_declined(code: str) -> str:
    """Return what a decline code means for the customer, and what to do next."""
    return str(_BY_CODE.get(code, OTHER))


def words_of_choice(checkout: Checkout) -> str:
    """Return in lines what a customer chose, answered and agreed to; empty if nothing was asked."""
    lines = [f"{line['quantity']} x {line['name']}" for line in checkout.items]
    lines += [f"{answer['label']}: {answer['value']}" for answer in checkout.answers]
    if checkout.consent:
        agreed = checkout.consent
        lines.append(f"Agreed to version {agreed['version']} at {agreed['at']}: {agreed['text']}")
    return "\n".join(lines)


_TERMS: Final = {
    "custom_fields": "questions",
    "max_payments": "limit",
    "min_part_minor": "first part",
    "starts_at": "opens at",
    "terms_text": "terms",
    "terms_url": "address of the terms",
    "redirect_url": "button after paying",
    "after_payment_message": "message after paying",
}


def words_of_term(name: str) -> str:
    """Return what people call a field of a link."""
    return _TERMS.get(name) or name.removesuffix("_minor").replace("_", " ")
