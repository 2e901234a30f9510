"""Forms of billing's pages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms

from billing.models import Organization
from billing.queries.calendar import Days

MOST_DAYS = 366
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)


class DaysForm(forms.Form):
    """Which days of usage are looked at."""

    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label="Through", widget=forms.DateInput(attrs={"type": "date"}))

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
            raise forms.ValidationError("Choose days of the years 1900 to 2199.")
        if last < since:
            self.add_error("last", "The last day is before the first.")
        elif (last - since).days >= MOST_DAYS:
            self.add_error("last", f"Choose at most {MOST_DAYS} days.")
        return {**found, "until": last + timedelta(days=1)}


class OrganizationFilterForm(forms.Form):
    """Which organizations are listed."""

    text = forms.CharField(label="Name or code", required=False, max_length=100)
    state = forms.ChoiceField(
        label="State", required=False, choices=[("", "All"), *Organization.State.choices]
    )
