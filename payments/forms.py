"""Forms of the staff pages of payments: they read what was typed; the rules are the operations'."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from core.currencies import CURRENCIES
from core.models.tenant import validate_measurement_id
from core.money import AmountInvalid, Money
from payments.models import FraudRule, ListedParty, Payment, PaymentLink
from payments.models.version import TERMS
from payments.offer_forms import RECKONED, OfferForm, amount_field, initial_offer
from payments.operations.decisions import LONGEST_NOTE
from payments.operations.links import LinkInvalid
from payments.queries import EXPIRING
from payments.words import method_name

ONE, SEVERAL, UNLIMITED = "one", "several", "unlimited"

# What the form calls differently from the row.
_FIELD_OF: Final = {"amount_minor": "amount"}


class Moment(forms.DateTimeInput):
    """A day and a time to the minute, in the zone that is active."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class Day(forms.DateField):
    """A day of the company's calendar, within the years in which it was or will be in business."""

    def __init__(self, *, label: str) -> None:
        super().__init__(
            required=False,
            label=label,
            widget=forms.DateInput(attrs={"type": "date"}),
            validators=[
                MinValueValidator(date(1990, 1, 1), "Give a day from 1990 on."),
                MaxValueValidator(date(2199, 12, 31), "Give a day before 2200."),
            ],
        )


class LinkForm(OfferForm):
    """What a payment link says; amounts in major units, times in the company's zone."""

    title = forms.CharField(max_length=120, help_text="The first thing your customer reads.")
    amount = amount_field("Amount", "Digits and a point, such as 125.00.")
    currency = forms.ChoiceField(choices=[(code, code) for code in sorted(CURRENCIES)])
    description = forms.CharField(
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Plain text; lines stay as you break them.",
    )
    reference = forms.CharField(
        max_length=80, required=False, help_text="Your own number; the customer sees it too."
    )
    starts_at = forms.DateTimeField(
        required=False, label="Opens at", widget=Moment(), help_text="Empty: at once."
    )
    expires_at = forms.DateTimeField(
        required=False, label="Expires at", widget=Moment(), help_text="Empty: never."
    )
    limit = forms.ChoiceField(
        label="How often can it be paid?",
        choices=[
            (ONE, "Once"),
            (SEVERAL, "Several times, up to a limit"),
            (UNLIMITED, "As often as people like"),
        ],
        widget=forms.RadioSelect,
        initial=ONE,
    )
    max_payments = forms.IntegerField(
        required=False,
        min_value=1,
        label="Limit",
        help_text="Only for “several times”.",
        widget=forms.NumberInput(attrs={"min": 1, "step": 1}),
    )
    after_payment_message = forms.CharField(
        max_length=500,
        required=False,
        label="Message after paying",
        help_text="Shown with the thank-you.",
    )
    redirect_url = forms.CharField(
        max_length=500,
        required=False,
        label="Button after paying leads to",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        help_text="Optional; https only, at a host your company has allowed.",
    )
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Read the amounts in their currency, the limit, and the rest of the offer."""
        data = super().clean() or {}
        self.read_offer(data)
        if data["pricing"] not in RECKONED and {"amount", "currency"} <= data.keys():
            self._read_whole(data)
        limit = data.get("limit")
        if data["pricing"] == PaymentLink.Pricing.PARTS:
            data["max_payments"] = None
        elif limit == SEVERAL and data.get("max_payments") is None:
            if "max_payments" not in self.errors:
                self.add_error("max_payments", "Say how often it can be paid.")
        elif limit in {ONE, UNLIMITED}:
            data["max_payments"] = 1 if limit == ONE else None
        return data

    def _read_whole(self, data: dict[str, Any]) -> None:
        if data["amount"]:
            data["amount_minor"] = self.read_amount("amount", data["amount"], data["currency"])
        else:
            self.add_error("amount", "This field is required.")

    def fields_of_link(self) -> dict[str, Any]:
        """Return what the form says, by the names of the link's fields."""
        reckoned = {"amount_minor"} if self.cleaned_data["pricing"] in RECKONED else set()
        return {name: self.cleaned_data[name] for name in TERMS if name not in reckoned}

    def changes(self) -> dict[str, Any]:
        """Return the fields of the link as they stand; a time that was left alone keeps seconds."""
        said = self.fields_of_link()
        untouched = {"starts_at", "expires_at"} - set(self.changed_data)
        return {name: value for name, value in said.items() if name not in untouched}

    def show_refusal(self, refusal: LinkInvalid) -> None:
        """Put each error of the operation at the field it is about."""
        for error in refusal.errors:
            self.add_error(_FIELD_OF.get(error.field) or self.field_of(error.field), error.detail)


def _to_minute(when: datetime | None) -> datetime | None:
    return when and when.replace(second=0, microsecond=0)


def initial_of(link: PaymentLink) -> dict[str, Any]:
    """Return what the form shows for a link that exists."""
    copied = ("title", "description", "reference", "currency", "after_payment_message")
    several = link.max_payments is not None and link.max_payments > 1
    return {
        **{name: getattr(link, name) for name in copied},
        **initial_offer(link),
        "amount": "" if link.pricing in RECKONED else str(link.amount.decimal()),
        "redirect_url": link.redirect_url,
        "starts_at": _to_minute(link.starts_at),
        "expires_at": _to_minute(link.expires_at),
        "limit": SEVERAL if several else UNLIMITED if link.max_payments is None else ONE,
        "max_payments": link.max_payments if several else None,
        "seen_version": link.version,
    }


def _choices(values: list[str], everything: str) -> list[tuple[str, str]]:
    return [("", everything), *((value, value) for value in values)]


class LinkFilterForm(forms.Form):
    """What the list of links is narrowed to."""

    text = forms.CharField(
        required=False,
        max_length=100,
        label="Title or reference",
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    status = forms.ChoiceField(
        required=False,
        choices=[
            ("", "All states"),
            *PaymentLink.Status.choices,
            (EXPIRING, "Unpaid, ends within 3 days"),
        ],
    )
    currency = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = _choices(currencies, "All currencies")  # type: ignore[attr-defined]


class PaymentFilterForm(forms.Form):
    """What the list of payments is narrowed to; days are those of the company's calendar."""

    state = forms.ChoiceField(required=False, choices=[("", "All states"), *Payment.State.choices])
    standing = forms.ChoiceField(
        required=False, label="Expected?", choices=[("", "All"), *Payment.Standing.choices]
    )
    method = forms.ChoiceField(required=False)
    currency = forms.ChoiceField(required=False)
    first_day = Day(label="From")
    last_day = Day(label="To")

    def __init__(
        self, *args: Any, methods: list[str], currencies: list[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        named = [("", "All methods"), *((method, method_name(method)) for method in methods)]
        self.fields["method"].choices = named  # type: ignore[attr-defined]
        self.fields["currency"].choices = _choices(currencies, "All currencies")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse days in the wrong order."""
        data = super().clean() or {}
        first, last = data.get("first_day"), data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "This is before the first day.")
        return data


class RefundForm(forms.Form):
    """How much of a payment goes back, and why.

    `left` is what could be refunded when the page was made: by it a second press, or another
    person, is noticed.
    """

    part = forms.ChoiceField(
        label="How much?",
        choices=[("all", "All that is left"), ("part", "A part")],
        widget=forms.RadioSelect,
        initial="all",
    )
    amount = forms.CharField(
        required=False,
        max_length=24,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="Only for a part: digits and a point.",
    )
    reason = forms.CharField(
        max_length=200, required=False, help_text="For your own records; the customer sees none."
    )
    left = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, left: Money) -> None:
        super().__init__(data, initial={"part": "all", "left": left.minor})
        self._left = left

    def clean(self) -> dict[str, Any]:
        """Read the amount and hold it against what is left."""
        data = super().clean() or {}
        if data.get("part") == "part":
            try:
                data["money"] = self._read(data.get("amount", ""))
            except (AmountInvalid, ValidationError) as error:
                self.add_error(
                    "amount", error if isinstance(error, ValidationError) else str(error)
                )
        elif data.get("part") == "all":
            data["money"] = self._left
        return data

    def _read(self, text: str) -> Money:
        if not text:
            raise ValidationError("Say how much goes back.")
        money = Money.parse(text, self._left.currency)
        if money.minor <= 0:
            raise ValidationError("The amount must be above zero.")
        if money > self._left:
            raise ValidationError(f"Only {self._left.display()} is left of this payment.")
        return money


class SettleForm(forms.Form):
    """How the customer of a failed refund got the money after all."""

    note = forms.CharField(
        max_length=LONGEST_NOTE,
        label="How did the customer get the money?",
        help_text="Such as: by bank transfer on 3 May, receipt 118.",
    )


class RuleForm(forms.Form):
    """How many of a rule pass, in how long, and whether it is on."""

    most = forms.IntegerField(min_value=0, max_value=10**12, label="Pass")
    minutes = forms.DecimalField(
        min_value=Decimal("0.02"), max_value=30 * 1440, max_digits=8, decimal_places=2
    )
    is_on = forms.BooleanField(required=False, label="On")

    @classmethod
    def of(cls, rule: FraudRule, data: Any = None) -> RuleForm:
        """Return the form of a rule, filled in."""
        minutes = Decimal(rule.window_seconds) / 60
        initial = {
            "most": rule.most,
            "minutes": f"{minutes.quantize(Decimal('0.01')):f}".rstrip("0").rstrip("."),
            "is_on": rule.is_on,
        }
        return cls(data, initial=initial, prefix=f"rule-{rule.pk}")

    @property
    def window_seconds(self) -> int:
        """Return the window in seconds."""
        minutes: Decimal = self.cleaned_data["minutes"]
        return max(1, round(minutes * 60))


class PartyForm(forms.Form):
    """Somebody who always passes, or never does."""

    kind = forms.ChoiceField(choices=ListedParty.Kind.choices[::-1], label="Do")
    by = forms.ChoiceField(choices=ListedParty._meta.get_field("by").choices or [], label="By")
    value = forms.CharField(
        max_length=254,
        help_text="An address or range, an e-mail or domain, a card's fingerprint, or a country.",
    )
    note = forms.CharField(max_length=300, required=False)


class EvidenceForm(forms.Form):
    """What the company itself says about a dispute, beside what is known."""

    explanation = forms.CharField(
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        label="In your own words",
        help_text="What the customer bought and got, and why the payment is right.",
    )


class ConnectForm(forms.Form):
    """A secret key of Stripe's; it is never shown again."""

    secret_key = forms.CharField(
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="From Stripe's dashboard, Developers, API keys: it begins with sk_ or rk_.",
    )

    def clean_secret_key(self) -> str:
        """Refuse what is no secret key, such as the publishable one."""
        key: str = self.cleaned_data["secret_key"]
        if not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
            raise ValidationError("This is no secret key: it would begin with sk_ or rk_.")
        return key


class StatisticsForm(forms.Form):
    """The id by which Google Analytics knows the company's pages."""

    measurement_id = forms.CharField(
        required=False,
        max_length=20,
        label="Measurement ID",
        help_text="Such as G-AB12CD34EF. Empty: Google is never asked anything.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_measurement_id(self) -> str:
        """Read the id in capitals; refuse what is none."""
        text: str = self.cleaned_data["measurement_id"].upper()
        if text:
            validate_measurement_id(text)
        return text
