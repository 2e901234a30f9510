"""The admin's forms of leads, applications, tasks and stages: stored by the same operations."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.db import transaction
from django.utils import timezone

from core.backoffice.admin import AnyModelForm
from core.invalid import FieldsInvalid
from core.models import Tenant, User
from core.tenancy import current
from crm.forms import ApplicationForm, NewLeadForm, TaskForm
from crm.forms.base import CrmForm
from crm.forms.leads import initial_of_application, initial_of_lead
from crm.models import Application, ApplicationStage, Lead, LeadStage, Stage, Task
from crm.operations.applications import FeeAskedAlready, add_application, edit_application
from crm.operations.leads import assign_lead, create_lead, edit_lead
from crm.operations.stage_rules import EDITABLE, add_stage, edit_stage
from crm.operations.stages import LeadMerged
from crm.operations.tasks import TaskCompletedAlready, create_task, reassign_task, snooze_task
from crm.operations.timeline import Actor
from crm.queries.people import colleagues, team_names

REFUSALS = (LeadMerged, FeeAskedAlready, TaskCompletedAlready)


class StoredForm(CrmForm, AnyModelForm):
    """Stores as the last step of checking: what the operation refuses stands at its field."""

    by: ClassVar[User]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        row = kwargs.get("instance")
        first = self.initial_of(row) if row is not None else self.initial_of_new()
        kwargs["initial"] = {**first, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def initial_of(self, row: Any) -> dict[str, Any]:
        """Return what the form shows of a row."""
        return {}

    def initial_of_new(self) -> dict[str, Any]:
        """Return what the form shows before there is a row."""
        return {}

    @abstractmethod
    def store(self, actor: Actor) -> Any:
        """Add or edit by operations and return the row."""

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self.store(Actor(self.by))
        except FieldsInvalid as refusal:
            self.show_refusal(refusal)
        except REFUSALS as error:
            self.add_error(None, str(error))

    @property
    def is_new(self) -> bool:
        """Whether the row is being added."""
        return bool(self.instance._state.adding)

    def was_changed_meanwhile(self, row: Any) -> bool:
        """Say that somebody else was quicker, if so."""
        seen = self.cleaned_data.get("seen_version")
        if seen in (None, row.version):
            return False
        self.add_error(None, "Somebody else changed this meanwhile. Open the page anew.")
        return True


class LeadAdminForm(NewLeadForm, StoredForm):
    """A lead with who looks after it."""

    source_id = forms.CharField(
        required=False, max_length=80, help_text="Its id where it came from; once in a company."
    )

    class Meta:
        model = Lead
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, people=colleagues(), teams=team_names(), **kwargs)

    def initial_of(self, row: Any) -> dict[str, Any]:
        """Return what the lead says."""
        places = {"owner": str(row.owner_id or ""), "teams": [str(team) for team in row.team_ids]}
        return {**initial_of_lead(row), **places, "source_id": row.source_id or ""}

    def store(self, actor: Actor) -> Any:
        """Add the lead, or edit it and hand it on."""
        now = timezone.now()
        source_id = self.cleaned_data["source_id"]
        if self.is_new:
            facts = {**self.facts(), "source_id": source_id}
            return create_lead(by=actor, now=now, **self.places(), **facts)
        lead = Lead.objects.select_for_update().get(pk=self.instance.pk)
        if self.was_changed_meanwhile(lead):
            return self.instance
        changes = self.changes()
        if "source_id" in self.changed_data:
            changes["source_id"] = source_id
        if changes:
            lead = edit_lead(lead_id=lead.pk, changes=changes, by=actor, now=now)
        if {"owner", "teams"} & set(self.changed_data):
            lead = assign_lead(lead_id=lead.pk, by=actor, now=now, **self.places())
        return lead


class ApplicationAdminForm(ApplicationForm, StoredForm):
    """An application with its fee in major units."""

    class Meta:
        model = Application
        fields = ("lead",)

    def initial_of(self, row: Any) -> dict[str, Any]:
        """Return what the application says."""
        return initial_of_application(row, _currency())

    def initial_of_new(self) -> dict[str, Any]:
        """Offer the company's currency."""
        return {"currency": _currency()}

    def store(self, actor: Actor) -> Any:
        """Add the application, or edit it."""
        now, facts = timezone.now(), self.fields_of_application()
        if self.is_new:
            return add_application(lead_id=self.cleaned_data["lead"].pk, by=actor, now=now, **facts)
        return edit_application(application_id=self.instance.pk, changes=facts, by=actor, now=now)


class TaskAdminForm(TaskForm, StoredForm):
    """A new task."""

    field_of: ClassVar = {**TaskForm.field_of, "application_id": "application"}

    class Meta:
        model = Task
        fields = ("application",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, people=colleagues(), **kwargs)

    def store(self, actor: Actor) -> Any:
        """Add the task."""
        data = self.cleaned_data
        return create_task(
            application_id=data["application"].pk,
            task_type=data["type"],
            due_at=data["due_at"],
            assignee_id=_id(data["assignee"]),
            note=data["note"],
            by=actor,
            now=timezone.now(),
        )


class TaskEditForm(TaskForm, StoredForm):
    """When an open task is due and who does it; what it is stays."""

    class Meta:
        model = Task
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, people=colleagues(), **kwargs)
        for name in ("type", "note"):
            del self.fields[name]

    def initial_of(self, row: Any) -> dict[str, Any]:
        """Return what the task says; a time counts by its minute."""
        due = row.due_at.replace(second=0, microsecond=0)
        return {"due_at": due, "assignee": str(row.assignee_id or "")}

    def store(self, actor: Actor) -> Any:
        """Put the task off, give it to somebody else, or both."""
        now, task = timezone.now(), self.instance
        if "due_at" in self.changed_data:
            due_at = self.cleaned_data["due_at"]
            task = snooze_task(task_id=task.pk, due_at=due_at, by=actor, now=now)
        if "assignee" in self.changed_data:
            assignee_id = _id(self.cleaned_data["assignee"])
            task = reassign_task(task_id=task.pk, assignee_id=assignee_id, by=actor, now=now)
        return task


class StageForm(StoredForm):
    """A stage: its name, order, deadline and rules."""

    key = forms.SlugField(
        max_length=40, help_text="What programs call it, such as in_review; it stays for good."
    )
    name = forms.CharField(max_length=60)
    position = forms.IntegerField(min_value=0, max_value=32767, help_text="From left to right.")
    outcome = forms.ChoiceField(choices=Stage.Outcome.choices)
    deadline_days = forms.IntegerField(
        required=False, min_value=0, max_value=3660, help_text="Empty: as long as it takes."
    )
    needs_note = forms.BooleanField(required=False, label="A note is needed to enter")
    may_go_back = forms.BooleanField(required=False, label="May be left backwards")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new:
            del self.fields["key"]

    def initial_of(self, row: Any) -> dict[str, Any]:
        """Return what the stage says."""
        return {name: getattr(row, name) for name in (*EDITABLE, "position")}

    def store(self, actor: Actor) -> Any:
        """Add the stage, or edit it and move it to its place."""
        data = self.cleaned_data
        rules = {name: data[name] for name in EDITABLE}
        if self.is_new:
            return add_stage(self._meta.model, key=data["key"], position=data["position"], **rules)
        stage = edit_stage(self._meta.model, stage_id=self.instance.pk, changes=rules)
        if stage.position != data["position"]:
            stage.position, stage.version = data["position"], stage.version + 1
            stage.save(update_fields=["position", "version"])
        return stage


class LeadStageForm(StageForm):
    """A stage of leads."""

    class Meta:
        model = LeadStage
        fields: tuple[str, ...] = ()


class ApplicationStageForm(StageForm):
    """A stage of applications."""

    class Meta:
        model = ApplicationStage
        fields: tuple[str, ...] = ()


def _currency() -> str:
    return Tenant.objects.only("default_currency").get(pk=current().tenant_id).default_currency


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None
