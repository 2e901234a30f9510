"""Forms about leads and applications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django import forms

from core.currencies import CURRENCIES
from core.models import User
from core.money import AmountInvalid, Money
from crm.forms.base import CrmForm, MomentField, person_choices, to_id
from crm.models import Application, Lead, Stage
from crm.operations.stages import LONGEST_NOTE
from crm.operations.timeline import LONGEST_NOTE as LONGEST_TEXT

FACTS = ("name", "email", "phone", "source", "next_action", "next_action_at")


class LeadForm(CrmForm):
    """What is known of a lead."""

    name = forms.CharField(max_length=160)
    email = forms.CharField(
        required=False,
        max_length=254,
        label="E-mail",
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "off"}),
    )
    phone = forms.CharField(
        required=False, max_length=40, widget=forms.TextInput(attrs={"type": "tel"})
    )
    source = forms.CharField(
        required=False, max_length=80, help_text="Where the lead came from, such as a fair."
    )
    next_action = forms.CharField(required=False, max_length=200, label="Next action")
    next_action_at = MomentField(required=False, label="When")
    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def changes(self) -> dict[str, Any]:
        """Return the fields of the lead that were edited."""
        return {name: self.cleaned_data[name] for name in FACTS if name in self.changed_data}

    def facts(self) -> dict[str, Any]:
        """Return all that was typed, by the names of the lead's fields."""
        return {name: self.cleaned_data[name] for name in FACTS}


def initial_of_lead(lead: Lead) -> dict[str, Any]:
    """Return what the form shows for a lead that exists; a time counts by its minute."""
    at = lead.next_action_at
    return {
        **{name: getattr(lead, name) for name in FACTS},
        "next_action_at": at and at.replace(second=0, microsecond=0),
        "seen_version": lead.version,
    }


class AssignForm(CrmForm):
    """Who looks after a lead."""

    field_of: ClassVar = {"owner_id": "owner", "team_ids": "teams"}

    owner = forms.ChoiceField(required=False)
    teams = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(
        self, *args: Any, people: Iterable[User], teams: Mapping[UUID, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["owner"].choices = person_choices(people, "Nobody")
        fields["teams"].choices = [(str(pk), name) for pk, name in teams.items()]

    def places(self) -> dict[str, Any]:
        """Return owner and teams as operations take them."""
        data = self.cleaned_data
        return {"owner_id": to_id(data["owner"]), "team_ids": [UUID(pk) for pk in data["teams"]]}


class NewLeadForm(LeadForm, AssignForm):
    """A new lead with who looks after it."""


class NextActionForm(CrmForm):
    """What comes next with a lead, and when."""

    next_action = forms.CharField(required=False, max_length=200, label="Next action")
    next_action_at = MomentField(required=False, label="When")


class NoteForm(CrmForm):
    """A note for the timeline."""

    text = forms.CharField(
        max_length=LONGEST_TEXT, label="Note", widget=forms.Textarea(attrs={"rows": 3})
    )


class MoveForm(CrmForm):
    """Where a lead or an application goes, and why."""

    stage = forms.ChoiceField(label="Stage")
    note = forms.CharField(
        required=False,
        max_length=LONGEST_NOTE,
        label="Why",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, stages: Iterable[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["stage"].choices = [
            (s.key, f"{s.name} (needs a note)" if s.needs_note else s.name) for s in stages
        ]


class ApplicationForm(CrmForm):
    """What is applied for, and the fee in major units."""

    field_of: ClassVar = {"fee_minor": "fee"}

    programme = forms.CharField(required=False, max_length=120, help_text="What is applied for.")
    fee = forms.CharField(
        required=False,
        max_length=24,
        label="Application fee",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text="Digits and a point, such as 75.00. Empty: none.",
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in sorted(CURRENCIES)])

    def clean(self) -> dict[str, Any]:
        """Read the fee in its currency."""
        data = super().clean() or {}
        data["fee_minor"] = None
        if data.get("fee") and "currency" in data:
            try:
                data["fee_minor"] = Money.parse(data["fee"], data["currency"]).minor
            except AmountInvalid as error:
                self.add_error("fee", str(error))
        return data

    def fields_of_application(self) -> dict[str, Any]:
        """Return what was typed, by the names of the application's fields."""
        data = self.cleaned_data
        currency = data["currency"] if data["fee_minor"] is not None else ""
        return {
            "programme": data["programme"],
            "fee_minor": data["fee_minor"],
            "currency": currency,
        }


def initial_of_application(application: Application, currency: str) -> dict[str, Any]:
    """Return what the form shows for an application that exists."""
    fee = application.fee
    return {
        "programme": application.programme,
        "fee": str(fee.decimal()) if fee else "",
        "currency": application.currency or currency,
    }
