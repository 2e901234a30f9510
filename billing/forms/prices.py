"""Forms of the page Prices: they read what was typed; the rules are the operations'."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from billing.models import Meter, Price, RecurringFee
from billing.operations.prices import PriceTerms, TierTerms

TIER_ROWS = 5


class UnitsForm(forms.Form):
    """How many units to reckon with."""

    units = forms.DecimalField(
        label="What would this many units cost?",
        min_value=0,
        max_value=Decimal(10) ** 15,
        decimal_places=12,
        initial=1000,
    )


class PriceForm(forms.Form):
    """What a meter costs. Prices are typed in the smallest unit of the currency, such as cents."""

    meter = forms.ModelChoiceField(Meter.objects.none())
    model = forms.ChoiceField(label="How it is reckoned", choices=Price.Model.choices)
    included = forms.DecimalField(
        label="Free units in each period", initial=0, max_digits=38, decimal_places=12
    )
    package_size = forms.DecimalField(
        label="Units in a package", required=False, max_digits=38, decimal_places=12
    )
    minimum_minor = forms.IntegerField(
        label="At least, in each period", initial=0, help_text="In the smallest unit, as cents."
    )
    filter_dimension = forms.CharField(
        label="Only where", required=False, max_length=40, help_text="A dimension, such as region."
    )
    filter_value = forms.CharField(label="is", required=False, max_length=200)

    def __init__(self, *args: Any, is_published: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["meter"].queryset = Meter.objects.filter(is_archived=False)  # type: ignore[attr-defined]
        if is_published:
            day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields["from_on"] = forms.DateField(
                label="From", widget=day, help_text="Today or later; the old price ends that day."
            )
        for number in range(1, TIER_ROWS + 1):
            self.fields[f"up_to_{number}"] = forms.DecimalField(
                label=f"Step {number}: units up to",
                required=False,
                max_digits=38,
                decimal_places=12,
                help_text="Empty: all that is left." if number == 1 else "",
            )
            self.fields[f"rate_{number}"] = forms.DecimalField(
                label=f"Step {number}: price of each",
                required=number == 1,
                max_digits=38,
                decimal_places=12,
            )

    def terms(self) -> PriceTerms:
        """Return what was typed as an operation takes it."""
        data = self.cleaned_data
        tiers = tuple(
            TierTerms(data[f"up_to_{number}"], data[f"rate_{number}"])
            for number in range(1, TIER_ROWS + 1)
            if data[f"rate_{number}"] is not None
        )
        return PriceTerms(
            model=data["model"],
            tiers=tiers,
            included=data["included"],
            package_size=data["package_size"],
            minimum_minor=data["minimum_minor"],
            filter_dimension=data["filter_dimension"],
            filter_value=data["filter_value"],
        )

    def place_of(self, field: str) -> str | None:
        """Return the field of the form that an operation's field stands in."""
        parts = field.split("/")
        if parts[0] == "tiers":
            number = int(parts[1]) + 1 if len(parts) > 1 else 1
            name = f"{'rate' if parts[-1] in ('rate', 'flat', 'tiers') else 'up_to'}_{number}"
            return name if name in self.fields else None
        return field if field in self.fields else None


class FeeForm(forms.Form):
    """A fee for each period."""

    name = forms.CharField(max_length=120)
    amount_minor = forms.IntegerField(label="Amount", help_text="In the smallest unit, as cents.")
    timing = forms.ChoiceField(label="Billed", choices=RecurringFee.Timing.choices)
    is_prorated = forms.BooleanField(
        label="Only for the days on which the plan is held", required=False, initial=True
    )


class VersionForm(forms.Form):
    """The next version of a plan."""

    note = forms.CharField(label="What is new", max_length=300, required=False)
