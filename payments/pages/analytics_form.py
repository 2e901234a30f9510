"""The filter of the analytics page, as its address has it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError

from core.currencies import CURRENCIES
from payments import kinds
from payments.analytics.chosen import UNKNOWN, Bound, Chosen
from payments.analytics.links import title_of
from payments.analytics.tables import source_words
from payments.forms import Day
from payments.words import method_name, methods_known

_METHOD: Final = re.compile(r"[a-z0-9_]{1,40}")
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{0,3})?")
# What the page shows when it is opened without a filter.
USUAL_DAYS: Final = 30


class _Method(forms.ChoiceField):
    """One of the methods people know, or another one of Stripe's words."""

    def valid_value(self, value: str) -> bool:
        """Take what could be a method; Stripe adds new ones."""
        return bool(_METHOD.fullmatch(value))


class AnalyticsForm(forms.Form):
    """What the figures are narrowed to; days are those of the company's calendar."""

    first_day = Day(label="From")
    last_day = Day(label="To")
    currency = forms.ChoiceField(
        required=False, choices=[("", "All"), *((code, code) for code in sorted(CURRENCIES))]
    )
    least = forms.CharField(
        required=False,
        max_length=24,
        label="Amount from",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    most = forms.CharField(
        required=False,
        max_length=24,
        label="Amount to",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    method = _Method(required=False)
    source = forms.ChoiceField(required=False, label="Paid for")
    link = forms.CharField(required=False, max_length=36, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.link_title = ""
        self.fields["source"].choices = [  # type: ignore[attr-defined]
            ("", "Anything"),
            *((kind, source_words(kind)) for kind in kinds.known()),
        ]
        self.fields["method"].choices = self._methods()  # type: ignore[attr-defined]

    def _methods(self) -> list[tuple[str, str]]:
        asked = str(self.data.get("method", ""))
        more = [asked] if _METHOD.fullmatch(asked) and asked not in methods_known() else []
        words = [(name, method_name(name)) for name in [*methods_known(), *more]]
        rest = [] if asked == UNKNOWN else [(UNKNOWN, "Not known")]
        return [("", "All"), *words, *rest]

    def clean_least(self) -> Decimal | None:
        """Read the smallest amount, in whole units of whichever currency."""
        return _amount(self.cleaned_data["least"])

    def clean_most(self) -> Decimal | None:
        """Read the largest amount."""
        return _amount(self.cleaned_data["most"])

    def clean_link(self) -> UUID | None:
        """Read the link; one of another company is as unknown as any."""
        text = self.cleaned_data["link"]
        if not text:
            return None
        try:
            link_id = UUID(text)
        except ValueError:
            raise ValidationError("There is no payment link with this id.") from None
        title = title_of(link_id)
        if title is None:
            raise ValidationError("There is no payment link with this id.")
        self.link_title = title
        return link_id

    def clean(self) -> dict[str, Any]:
        """Refuse ends before their beginnings."""
        data = super().clean() or {}
        for low, high, words in (
            ("first_day", "last_day", "This is before the first day."),
            ("least", "most", "This is less than the smallest amount."),
        ):
            first, last = data.get(low), data.get(high)
            if first is not None and last is not None and last < first:
                self.add_error(high, words)
        return data

    def chosen(self) -> Chosen:
        """Return the filter; the form must be valid."""
        told = dict(self.cleaned_data)
        least, most = told.pop("least"), told.pop("most")
        return Chosen(
            **told,
            least=None if least is None else Bound.at_least(least),
            most=None if most is None else Bound.at_most(most),
        )


def _amount(text: str) -> Decimal | None:
    if not text:
        return None
    if not _AMOUNT.fullmatch(text):
        raise ValidationError("Give digits and a point, such as 12.50.")
    return Decimal(text)


def usual(today: date) -> dict[str, str]:
    """Return what the form holds when the page is opened without a filter: the last 30 days."""
    first = today - timedelta(days=USUAL_DAYS - 1)
    return {"first_day": first.isoformat(), "last_day": today.isoformat()}


def spans(today: date) -> list[tuple[str, dict[str, str]]]:
    """Return periods that are one press away, by name."""

    def days(count: int) -> dict[str, str]:
        first = today - timedelta(days=count - 1)
        return {"first_day": first.isoformat(), "last_day": today.isoformat()}

    return [
        ("Today", days(1)),
        ("7 days", days(7)),
        ("30 days", days(30)),
        ("90 days", days(90)),
        ("365 days", days(365)),
        ("All time", {"first_day": "", "last_day": ""}),
    ]
