"""Forms about tasks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from core.models import User
from crm.days import next_monday, tomorrow
from crm.forms.base import YEARS, CrmForm, MomentField, person_choices, to_id
from crm.models import Task
from crm.operations.tasks import LONGEST_TEXT, NextTask

SHORT_TEXT = {"rows": 2}
TOMORROW, NEXT_WEEK, ON_DAY = "tomorrow", "next_week", "day"


class CompleteForm(CrmForm):
    """What came of a task, and the task that follows."""

    field_of: ClassVar = {"due_at": "next_due_at", "task_type": "next_type"}

    outcome = forms.CharField(
        required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs=SHORT_TEXT)
    )
    next_type = forms.ChoiceField(
        required=False, label="Next task", choices=[("", "None"), *Task.Type.choices]
    )
    next_due_at = MomentField(required=False, label="Due")

    def clean(self) -> dict[str, Any]:
        """Ask for both halves of the next task."""
        data = super().clean() or {}
        if data.get("next_type") and not data.get("next_due_at") and not self.errors:
            self.add_error("next_due_at", "Say when the next task is due.")
        if data.get("next_due_at") and not data.get("next_type") and not self.errors:
            self.add_error("next_type", "Say what the next task is.")
        return data

    def next_task(self) -> NextTask | None:
        """Return the task that follows, if any."""
        data = self.cleaned_data
        if not data["next_type"]:
            return None
        return NextTask(type=data["next_type"], due_at=data["next_due_at"])


class SnoozeForm(CrmForm):
    """Until which day something is put off."""

    to = forms.ChoiceField(
        choices=[(TOMORROW, "Tomorrow"), (NEXT_WEEK, "Next week"), (ON_DAY, "On a day")]
    )
    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def clean_day(self) -> date | None:
        """Refuse years that no plan reaches."""
        day: date | None = self.cleaned_data["day"]
        if day is not None and day.year not in YEARS:
            raise ValidationError(f"Give a year from {YEARS[0]} to {YEARS[-1]}.")
        return day

    def clean(self) -> dict[str, Any]:
        """Ask for a day where one is meant."""
        data = super().clean() or {}
        if data.get("to") == ON_DAY and data.get("day") is None and not self.errors:
            self.add_error("day", "Choose the day first.")
        return data

    def day_after(self, now: datetime, zone: ZoneInfo) -> date:
        """Return the day that was chosen, in the company's calendar."""
        to = self.cleaned_data["to"]
        if to == TOMORROW:
            return tomorrow(now, zone)
        day: date = next_monday(now, zone) if to == NEXT_WEEK else self.cleaned_data["day"]
        return day


class BulkForm(CrmForm):
    """The tasks that were chosen on a page."""

    task = forms.TypedMultipleChoiceField(
        coerce=UUID, error_messages={"required": "Choose tasks first: mark them at their left."}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Any id may be asked for; which tasks there are, and for whom, the database says.
        field: Any = self.fields["task"]
        field.valid_value = _is_id


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class TaskForm(CrmForm):
    """A new task."""

    field_of: ClassVar = {"task_type": "type", "assignee_id": "assignee"}

    type = forms.ChoiceField(choices=Task.Type.choices)
    due_at = MomentField(label="Due")
    assignee = forms.ChoiceField(required=False, label="Done by")
    note = forms.CharField(
        required=False, max_length=LONGEST_TEXT, widget=forms.Textarea(attrs=SHORT_TEXT)
    )

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = person_choices(people, "Whoever looks after the lead")
        self.fields["assignee"].choices = choices  # type: ignore[attr-defined]


class ReassignForm(CrmForm):
    """Who does a task from now on."""

    field_of: ClassVar = {"assignee_id": "assignee"}

    assignee = forms.ChoiceField(required=False, label="Done by")

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = person_choices(people, "Whoever looks after the lead")
        self.fields["assignee"].choices = choices  # type: ignore[attr-defined]

    def assignee_id(self) -> UUID | None:
        """Return the id of the person, or None for whoever looks after the lead."""
        return to_id(self.cleaned_data["assignee"])
