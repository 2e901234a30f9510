"""Forms of billing's pages."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import Alert, Meter, Organization
from billing.queries.calendar import Days
from core.money import AmountInvalid, Money

MOST_DAYS = 366
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)


class DaysForm(forms.Form):
    """Which days of usage are looked at."""

    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("Through"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any = None, *, running: Days) -> None:
        asks = bool(data and ("since" in data or "last" in data))
        initial = {"since": running.starts_on, "last": running.ends_on - timedelta(days=1)}
        super().__init__(data if asks else None, initial=initial)

    def clean(self) -> dict[str, Any]:
        """Check that the days are some, and not too many; `until` is the day after the last."""
        found = super().clean() or {}
        since, last = found.get("since"), found.get("last")
        if since is None or last is None:
            return found
        if not (since >= _FIRST and last <= _LAST):
            raise forms.ValidationError(gettext("Choose days of the years 1900 to 2199."))
        if last < since:
            self.add_error("last", gettext("The last day is before the first."))
        elif (last - since).days >= MOST_DAYS:
            self.add_error("last", gettext("Choose at most %(days)s days.") % {"days": MOST_DAYS})
        return {**found, "until": last + timedelta(days=1)}


class OrganizationFilterForm(forms.Form):
    """Which organizations are listed."""

    text = forms.CharField(label="Name or code", required=False, max_length=100)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "All"), *Organization.State.choices]
    )


class AmountField(forms.CharField):
    """An amount in major units of a currency, read as minor units."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        self.currency = currency
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=40, widget=widget, **kwargs)

    def clean(self, value: Any) -> int | None:
        """Return minor units, or None for nothing."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return Money.parse(text, self.currency).minor
        except AmountInvalid as error:
            raise forms.ValidationError(str(error)) from error


class AlertForm(forms.Form):
    """An alert: at an amount that is owed, or at a quantity of a meter."""

    meter = forms.ModelChoiceField(
        label=_("Tell us when"), queryset=Meter.objects.none(), required=False,
        empty_label=_("what is owed reaches an amount"),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, organization: Organization) -> None:
        super().__init__(data)
        self.currency = organization.currency
        chooser: Any = self.fields["meter"]
        chooser.queryset = Meter.objects.filter(is_archived=False).order_by("product", "name")
        self.fields["threshold"] = forms.CharField(
            label=_("At"),
            max_length=40,
            help_text=gettext("An amount in %(currency)s before tax, or a quantity.")
            % {"currency": organization.currency},
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )

    def clean(self) -> dict[str, Any]:
        """Read the threshold as an amount, or as a quantity of the meter."""
        found = super().clean() or {}
        text = found.get("threshold")
        if not text or "meter" in self.errors:
            return found
        try:
            found["number"] = self._quantity(text) if found.get("meter") else self._amount(text)
        except AmountInvalid as error:
            self.add_error("threshold", str(error))
        return found

    def _amount(self, text: str) -> int:
        return Money.parse(text, self.currency).minor

    @staticmethod
    def _quantity(text: str) -> Decimal:
        whole, _, decimals = text.partition(".")
        digits = whole + decimals
        if not (digits.isascii() and digits.isdecimal()) or len(whole) > 26 or len(decimals) > 12:
            raise AmountInvalid(gettext("Give a quantity: digits and at most one point."))
        return Decimal(text)

    def asked(self) -> dict[str, Any]:
        """Return what `set_alert` is asked for."""
        found = self.cleaned_data
        if found.get("meter"):
            return {
                "kind": Alert.Kind.USAGE, "meter_id": found["meter"].pk,
                "quantity": found["number"],
            }  # fmt: skip
        return {"kind": Alert.Kind.AMOUNT, "amount_minor": found["number"]}


class LimitForm(forms.Form):
    """The spend limit."""

    def __init__(self, data: Any = None, *, organization: Organization) -> None:
        super().__init__(data)
        self.fields["amount"] = AmountField(
            currency=organization.currency,
            label=gettext("Limit in %(currency)s") % {"currency": organization.currency},
            help_text=gettext("For a period, before tax."),
        )
