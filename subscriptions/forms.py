"""Forms of the staff pages of clubs: they read what was typed; the rules are the operations'."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.periods import MomentOutOfRange, start_of_day
from subscriptions.models import Club, Subscription
from subscriptions.queries.months import month_after, month_at, read_month

MONTHS_SHOWN = 13


class Day(forms.DateInput):
    """A day, as browsers ask for one."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


class MemberFilterForm(forms.Form):
    """What narrows the list of a club's members."""

    status = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "Any status"), (1, "Active"), (3, "Paused"), (2, "Cancelled")],
    )
    customer = forms.CharField(
        required=False, max_length=36, label="Customer or subscription id",
        help_text="",
    )  # fmt: skip


class WorklistForm(forms.Form):
    """What narrows the worklist."""

    cause = forms.ChoiceField(
        required=False,
        choices=[
            ("", "Any cause"),
            ("retry", "Try again"),
            ("customer", "The customer must act"),
            ("ours", "We must mend something"),
        ],
    )


class BoardForm(forms.Form):
    """Which club the board is about."""

    club = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, clubs: list[Club], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(club.number, club.name) for club in clubs]
        self.fields["club"].choices = [("", "All clubs"), *names]  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(
        max_length=400, required=False, help_text="Stays in the member's history."
    )


class CancelForm(forms.Form):
    """Why a member leaves."""

    reason = forms.CharField(max_length=400, help_text="Stays in the member's history.")


class PauseForm(forms.Form):
    """From when to when a member pauses: days of the club, each from its first moment on."""

    starts_on = forms.DateField(
        required=False, label="First day of the pause", widget=Day(), help_text="Empty: now."
    )
    returns_on = forms.DateField(
        required=False,
        label="Active again on",
        widget=Day(),
        help_text="Empty: until somebody reactivates the member.",
    )
    reason = forms.CharField(max_length=400, required=False)

    def __init__(self, *args: Any, club: Club, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._club, self._now = club, now

    def clean(self) -> dict[str, Any]:
        """Turn the days into moments."""
        data = super().clean() or {}
        for name, moment in (("starts_on", "starts_at"), ("returns_on", "returns_at")):
            data[moment] = self._moment(name, data.get(name))
        starts = data["starts_at"] or self._now
        if data.get("starts_on") and starts < self._now:
            data["starts_at"] = self._now if data["starts_on"] >= self._today() else None
            if data["starts_at"] is None:
                self.add_error("starts_on", "This day is over. Choose today or a later one.")
        if data["returns_at"] and data["returns_at"] <= starts:
            self.add_error("returns_on", "The return must come after the pause begins.")
        return data

    def _today(self) -> date:
        return self._now.astimezone(self._club.zone).date()

    def _moment(self, name: str, day: date | None) -> datetime | None:
        if day is None:
            return None
        try:
            return start_of_day(day, self._club.zone)
        except MomentOutOfRange:
            self.add_error(name, "Choose a day of the years 1900 to 2199.")
            return None


class SkipForm(forms.Form):
    """Which month a member skips."""

    month = forms.ChoiceField()
    reason = forms.CharField(max_length=400, required=False)

    def __init__(self, *args: Any, club: Club, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        months = [month_after(month_at(now, club), count) for count in range(MONTHS_SHOWN)]
        self.fields["month"].choices = [  # type: ignore[attr-defined]
            (f"{month:%Y-%m}", f"{month:%B %Y}") for month in months
        ]

    def clean_month(self) -> date:
        """Read the month."""
        try:
            return read_month(self.cleaned_data["month"])
        except ValueError as error:
            raise ValidationError(str(error)) from error


class MoveForm(forms.Form):
    """To which club a member goes."""

    club = forms.TypedChoiceField(coerce=int, label="New club")
    reason = forms.CharField(
        max_length=400, required=False, help_text="Stays in the member's history."
    )

    def __init__(self, *args: Any, clubs: list[Club], member: Subscription, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(club.number, club.name) for club in clubs if club.pk != member.club_id]
        self.fields["club"].choices = names  # type: ignore[attr-defined]


class ClubStatusForm(forms.Form):
    """What a club becomes, and from when on."""

    status = forms.TypedChoiceField(
        coerce=int,
        label="New status",
        choices=[
            (1, "Active: takes members, charges them"),
            (2, "Closed: takes no new members, charges those it has"),
            (3, "Inactive: charges nobody"),
        ],
        widget=forms.RadioSelect,
    )
    details = forms.CharField(
        max_length=400, required=False, label="Reason", help_text="Stays in the club's history."
    )


class MonthForm(forms.Form):
    """For which month a run is made."""

    month = forms.ChoiceField()

    def __init__(self, *args: Any, club: Club, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        months = [month_after(month_at(now, club), count) for count in (0, 1)]
        self.fields["month"].choices = [  # type: ignore[attr-defined]
            (f"{month:%Y-%m}", f"{month:%B %Y}") for month in months
        ]

    def clean_month(self) -> date:
        """Read the month."""
        return read_month(self.cleaned_data["month"])


class NoteForm(forms.Form):
    """A note on a failed charge."""

    note = forms.CharField(max_length=400, required=False)


class HouseForm(forms.Form):
    """What staff set about a house."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(max_length=255, required=False)
    currency = forms.CharField(
        min_length=3, max_length=3, help_text="Such as EUR. An import leaves it alone from then on."
    )
    time_zone = forms.CharField(
        max_length=60, required=False, help_text="Such as Europe/Brussels; empty: the company's."
    )
    stripe_account_id = forms.CharField(
        max_length=64,
        required=False,
        label="Account at Stripe",
        help_text="The connected account that gets its rents, acct_…; empty: its rents are held.",
    )
    is_checked = forms.BooleanField(
        required=False,
        label="I have compared the account with the house's papers, letter by letter",
    )
