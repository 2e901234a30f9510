"""What lists are narrowed to, read from their addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django import forms

from core.models import User
from crm.forms.base import CrmForm, person_choices, team_choices, to_id
from crm.models import LeadStage, Task
from crm.queries.leads import LeadFilter
from crm.queries.pipeline import BoardFilter
from crm.queries.today import ME, NOBODY, TodayFilter


class TodayFilterForm(CrmForm):
    """Narrows the page of today."""

    type = forms.ChoiceField(required=False, choices=[("", "All types"), *Task.Type.choices])
    assignee = forms.ChoiceField(required=False, label="Done by")
    counselor = forms.ChoiceField(required=False, label="Lead of")
    team = forms.ChoiceField(required=False)
    overdue = forms.BooleanField(required=False, label="Overdue only")

    def __init__(
        self, *args: Any, people: Iterable[User], teams: Mapping[UUID, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        everybody = person_choices(people, "Anybody")
        fields: Any = self.fields
        fields["assignee"].choices = [
            everybody[0], (ME, "Me"), (NOBODY, "Nobody yet"), *everybody[1:],
        ]  # fmt: skip
        fields["counselor"].choices = everybody
        fields["team"].choices = team_choices(teams, "All teams")

    def chosen(self) -> TodayFilter:
        """Return what the page is narrowed to."""
        data = self.cleaned_data
        ids = {"counselor": to_id(data["counselor"]), "team": to_id(data["team"])}
        return TodayFilter(**{**data, **ids})


class LeadFilterForm(CrmForm):
    """Narrows the list of leads."""

    text = forms.CharField(
        required=False,
        max_length=100,
        label="Search",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name, e-mail or phone"}),
    )
    stage = forms.ChoiceField(required=False)
    owner = forms.ChoiceField(required=False)
    team = forms.ChoiceField(required=False)
    quiet = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=3650,
        label="Quiet for days",
        widget=forms.NumberInput(attrs={"min": 1, "max": 3650}),
    )
    late = forms.BooleanField(required=False, label="Deadline missed")
    overdue = forms.BooleanField(required=False, label="Task overdue")

    def __init__(
        self,
        *args: Any,
        people: Iterable[User],
        teams: Mapping[UUID, str],
        stages: Iterable[LeadStage],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["stage"].choices = [("", "All stages"), *((s.key, s.name) for s in stages)]
        fields["owner"].choices = person_choices(people, "Anybody")
        fields["team"].choices = team_choices(teams, "All teams")

    def chosen(self) -> LeadFilter:
        """Return what the list is narrowed to."""
        data = self.cleaned_data
        ids = {"owner": to_id(data["owner"]), "team": to_id(data["team"])}
        text = " ".join(data["text"].split())
        return LeadFilter(**{**data, **ids, "text": text})


class BoardFilterForm(CrmForm):
    """Narrows the pipeline."""

    owner = forms.ChoiceField(required=False, label="Counselor")
    team = forms.ChoiceField(required=False)

    def __init__(
        self, *args: Any, people: Iterable[User], teams: Mapping[UUID, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["owner"].choices = person_choices(people, "Everybody")
        fields["team"].choices = team_choices(teams, "All teams")

    def chosen(self) -> BoardFilter:
        """Return whose rows the board shows."""
        data = self.cleaned_data
        return BoardFilter(owner=to_id(data["owner"]), team=to_id(data["team"]))
