"""Stripe's test cards and test bank accounts, and what each does.

Source: Stripe docs, "Test card numbers" and "Test bank account numbers".
"""

from dataclasses import dataclass

BRANDS = (
    ("4", "visa"), ("34", "amex"), ("37", "amex"), ("30", "diners"), ("36", "diners"),
    ("35", "jcb"), ("62", "unionpay"), ("6011", "discover"), ("65", "discover"),
    ("5", "mastercard"), ("2", "mastercard"),
)  # fmt: skip


@dataclass(frozen=True)
class Decline:
    """Why a payment is refused: Stripe's code, decline code and words."""

    code: str
    decline_code: str
    message: str


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
DECLINES = {
    "generic_decline": GENERIC,
    "insufficient_funds": Decline(
        "card_declined", "insufficient_funds", "Your card has insufficient funds."
    ),
    "lost_card": Decline("card_declined", "lost_card", "Your card was declined."),
    "stolen_card": Decline("card_declined", "stolen_card", "Your card was declined."),
    "expired_card": Decline("expired_card", "expired_card", "Your card has expired."),
    "incorrect_cvc": Decline(
        "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."
    ),
    "processing_error": Decline(
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "fraudulent": Decline("card_declined", "fraudulent", "Your card was declined."),
    "live_card": Decline(
        "card_declined",
        "test_mode_live_card",
        "Your card was declined. Your request was in test mode, but used a non test (live) card. "
        "For a list of valid test cards, visit: https://stripe.com/docs/testing.",
    ),
}

# What a number does: "succeeds", "authenticates" (3-D Secure first), "disputes", refund kinds,
# "available" (its funds skip the pending balance), or the name of a decline.
NUMBERS = {
    "4242424242424242": "succeeds",
    "4000056655665556": "succeeds",
    "5555555555554444": "succeeds",
    "5200828282828210": "succeeds",
    "2223003122003222": "succeeds",
    "378282246310005": "succeeds",
    "6011111111111117": "succeeds",
    "3056930009020004": "succeeds",
    "3566002020360505": "succeeds",
    "6200000000000005": "succeeds",
    "4000000000000077": "available",
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000009987": "lost_card",
    "4000000000009979": "stolen_card",
    "4000000000000069": "expired_card",
    "4000000000000127": "incorrect_cvc",
    "4000000000000119": "processing_error",
    "4100000000000019": "fraudulent",
    "4000000000000341": "generic_decline",
    "4000002500003155": "authenticates",
    "4000002760003184": "authenticates",
    "4000000000003220": "authenticates",
    "4000000000000259": "disputes",
    "4000000000002685": "disputes_not_received",
    "4000000000007726": "refund_pends",
    "4000000000005126": "refund_fails",
}
TOKENS = {
    "visa": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "bypassPending": "4000000000000077",
    "chargeDeclined": "4000000000000002",
    "visa_chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "chargeCustomerFail": "4000000000000341",
    "authenticationRequired": "4000002760003184",
    "authenticationRequiredOnSetup": "4000002500003155",
    "threeDSecure2Required": "4000000000003220",
    "createDispute": "4000000000000259",
    "createDisputeProductNotReceived": "4000000000002685",
    "refundFail": "4000000000005126",
    "pendingRefund": "4000000000007726",
}
BANK_ACCOUNTS = {"succeeds": "000123456789", "fails": "000111111113"}
BANK_BEHAVIOURS = {number: behaviour for behaviour, number in BANK_ACCOUNTS.items()}
IBANS = {"DE89370400440532013000": "succeeds", "DE62370400440532013001": "fails"}
BANK_DECLINE = Decline(
    "payment_method_provider_decline",
    "insufficient_funds",
    "The customer's account has insufficient funds to cover this payment.",
)


def digits(text: str) -> str:
    """Return a typed number without spaces and dashes."""
    return text.replace(" ", "").replace("-", "")


def passes_luhn(number: str) -> bool:
    """Say whether a card number has a plausible length and a right check digit."""
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    total = 0
    for position, digit in enumerate(reversed(number)):
        doubled = int(digit) * (1 + position % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def brand(number: str) -> str:
    """Return the card network of a number."""
    matches = [(prefix, name) for prefix, name in BRANDS if number.startswith(prefix)]
    return max(matches, key=lambda match: len(match[0]))[1] if matches else "unknown"


def behaviour(number: str) -> str:
    """Return what a number that passes Luhn does; one that is no test card is declined."""
    return NUMBERS.get(number, "live_card")


def decline_of(behaviour: str) -> Decline | None:
    """Return the decline of a behaviour, or None when the payment goes through."""
    return DECLINES.get(behaviour)
