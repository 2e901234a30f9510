"""The form that a buyer pays with, by test card or test bank account."""

from markupsafe import Markup

from sandbox import cards
from sandbox.books import Books, Json
from sandbox.pages import html
from sandbox.pages.card_form import CardForm
from sandbox.resources import payment_methods

SHOWN_CARDS = (
    ("4242 4242 4242 4242", "succeeds"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0000 0000 3220", "asks for 3-D Secure"),
    ("4000 0000 0000 0259", "is disputed after payment"),
)


def method_of(books: Books, kinds: list[str], filled: CardForm) -> Json:
    """Store the payment method that a buyer typed in. Raises StripeError (402) for a wrong one."""
    details = filled.billing_details
    if filled.method == "card":
        return payment_methods.new_card(books, filled.number, filled.month, filled.year, details)
    kind = next(kind for kind in kinds if kind != "card")
    return payment_methods.new_debit(books, kind, filled.account, details)


def payment_form(
    filled: CardForm | None, total: str, kinds: list[str], email: str | None
) -> Markup:
    """Return the form for an amount, with what was typed before and what is wrong with it."""
    choice, bank = _methods(kinds, filled)
    known = filled.email if filled else (email or "")
    return html.fill(
        "payment-form",
        total=total,
        email=_field("email", "Email", known, filled, type="email", inputmode="email"),
        methods=choice,
        bank=bank,
        cards=html.join([html.fill("test-card", number=n, text=t) for n, t in SHOWN_CARDS]),
        **_card_fields(filled),
    )


def _field(name: str, label: str, value: str, filled: CardForm | None, **look: str) -> Markup:
    text = filled.errors.get(name) if filled else None
    invalid, error = Markup(""), Markup("")
    if text is not None:
        invalid = Markup(' aria-invalid="true" aria-describedby="{}-error"').format(name)
        error = html.fill("error", name=name, text=text)
    defaults = {"type": "text", "inputmode": "text", "placeholder": ""}
    return html.fill(
        "field",
        name=name,
        label=label,
        value=value,
        invalid=invalid,
        error=error,
        **{**defaults, **look},
    )


def _checked(is_checked: bool) -> Markup:
    return Markup(" checked") if is_checked else Markup("")


def _methods(kinds: list[str], filled: CardForm | None) -> tuple[Markup, Markup]:
    """Return the choice of methods and the bank's part of the form."""
    if kinds == ["card"]:
        return html.fill("only-card"), Markup("")
    is_bank = filled is not None and filled.method == "bank"
    fails = is_bank and filled is not None and filled.account == "fails"
    bank = html.fill(
        "bank",
        succeeds=_checked(not fails),
        fails=_checked(fails),
        good=cards.BANK_ACCOUNTS["succeeds"][-4:],
        bad=cards.BANK_ACCOUNTS["fails"][-4:],
    )
    if "card" not in kinds:
        return html.fill("only-bank"), bank
    choice = html.fill("methods", card=_checked(not is_bank), bank=_checked(is_bank))
    return choice, bank


def _card_fields(filled: CardForm | None) -> dict[str, Markup]:
    """Return the card's inputs. Number and security code are never filled in again."""
    expiry, name = (filled.expiry_text, filled.name) if filled else ("", "")
    number_look = {"inputmode": "numeric", "placeholder": "4242 4242 4242 4242"}
    cvc_look = {"inputmode": "numeric", "placeholder": "123"}
    return {
        "number": _field("number", "Card number", "", filled, **number_look),
        "expiry": _field("expiry", "Expiry", expiry, filled, placeholder="MM / YY"),
        "cvc": _field("cvc", "Security code", "", filled, **cvc_look),
        "name": _field("name", "Name on card", name, filled),
    }
