"""What lists can be filtered by; other parameters are refused."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import django_filters as filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from core.api.caller import Caller
from core.api.filters import MomentFilter
from core.api.problems import FieldError, invalid
from core.models import Team, User
from crm.models import Application, Lead, Task, TimelineEntry
from crm.queries.lead_search import find_leads, leads_of_team, overdue_leads, quiet_leads

ME, NONE = "me", "none"
YES_OR_NO = [("true", "yes"), ("false", "no")]
MOST_DAYS = 3660


class WhoField(forms.CharField):
    """`me`, `none` or the id of one."""

    def clean(self, value: Any) -> str | UUID | None:
        """Return the word, the id, or None; raises ValidationError."""
        text = super().clean(value)
        if text in {ME, NONE, ""}:
            return text or None
        try:
            return UUID(text)
        except ValueError:
            raise ValidationError(self._choices(), code="invalid") from None

    def _choices(self) -> str:
        return "Give an id, `me` or `none`."


@extend_schema_field(OpenApiTypes.STR)
class WhoFilter(filters.CharFilter):
    """A filter by a person: an id, `me` or `none`."""

    field_class = WhoField


@extend_schema_field(OpenApiTypes.INT)
class DaysFilter(filters.NumberFilter):
    """A filter by a whole number of days."""

    field_class = forms.IntegerField


class CrmFilters(filters.FilterSet):
    """What the filters of the CRM share."""

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return cast("Caller", self.request.auth)

    @property
    def zone(self) -> str:
        """The time zone of the company."""
        tenant = self.caller.tenant
        return tenant.time_zone if tenant else "UTC"

    def of_person(self, rows: QuerySet[Any], name: str, value: str | UUID) -> QuerySet[Any]:
        """Keep what a person has, the caller has, or nobody has."""
        if value == NONE:
            return rows.filter(**{f"{name}__isnull": True})
        if value == ME and self.caller.user is None:
            words = "`me` is for people; an API key is nobody. Give an id."
            parameter = next(key for key, one in self.filters.items() if one.field_name == name)
            raise invalid(FieldError(words, code="nobody", parameter=parameter))
        return rows.filter(**{name: self.caller.user_id if value == ME else value})


class LeadFilters(CrmFilters):
    """Filters of the list of leads."""

    owner = WhoFilter(field_name="owner_id", method="of_person", label="An id, `me` or `none`.")
    team = filters.UUIDFilter(method="of_team")
    stage = filters.CharFilter(field_name="stage", label="The key of a stage.")
    source = filters.CharFilter(field_name="source")
    quiet_days = DaysFilter(
        method="quiet",
        min_value=0,
        max_value=MOST_DAYS,
        label="Nothing heard for this many days.",
    )
    overdue = filters.ChoiceFilter(
        choices=YES_OR_NO, method="behind", label="The next action or a task is late."
    )
    search = filters.CharFilter(
        method="found",
        max_length=200,
        label="The start of a name, an e-mail address or a phone number.",
    )
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Lead
        fields: list[str] = []

    def of_team(self, rows: QuerySet[Lead], name: str, value: UUID) -> QuerySet[Lead]:
        """Keep the leads of a team."""
        return leads_of_team(rows, value)

    def quiet(self, rows: QuerySet[Lead], name: str, value: Any) -> QuerySet[Lead]:
        """Keep the leads gone quiet."""
        return quiet_leads(rows, days=int(value), now=timezone.now(), time_zone=self.zone)

    def behind(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        """Keep the leads for which something should have been done, or the others."""
        return overdue_leads(rows, is_overdue=value == "true", now=timezone.now())

    def found(self, rows: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        """Keep the leads that a text may mean."""
        return find_leads(rows, value, time_zone=self.zone)


class ApplicationFilters(CrmFilters):
    """Filters of the list of applications."""

    lead = filters.UUIDFilter(field_name="lead_id")
    stage = filters.CharFilter(field_name="stage", label="The key of a stage.")
    owner = WhoFilter(
        field_name="lead__owner_id", method="of_person", label="The lead's: an id, `me` or `none`."
    )
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Application
        fields: list[str] = []


class TaskFilters(CrmFilters):
    """Filters of the list of tasks."""

    status = filters.ChoiceFilter(choices=Task.Status.choices)
    task_type = filters.ChoiceFilter(field_name="type", choices=Task.Type.choices)
    application = filters.UUIDFilter(field_name="application_id")
    lead = filters.UUIDFilter(field_name="lead_id")
    assignee = WhoFilter(
        field_name="assignee_id", method="of_person", label="An id, `me` or `none`."
    )
    owner = WhoFilter(
        field_name="lead__owner_id", method="of_person", label="The lead's: an id, `me` or `none`."
    )
    overdue = filters.ChoiceFilter(choices=YES_OR_NO, method="behind")
    due_from = MomentFilter(field_name="due_at", lookup_expr="gte")
    due_before = MomentFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = Task
        fields: list[str] = []

    def behind(self, rows: QuerySet[Task], name: str, value: str) -> QuerySet[Task]:
        """Keep the tasks that should have been done by now, or the others."""
        late = {"status": Task.Status.OPEN, "due_at__lt": timezone.now()}
        return rows.filter(**late) if value == "true" else rows.exclude(**late)


class EntryFilters(CrmFilters):
    """Filters of a timeline."""

    kind = filters.ChoiceFilter(choices=TimelineEntry.Kind.choices)
    application = filters.UUIDFilter(field_name="application_id")
    happened_from = MomentFilter(field_name="happened_at", lookup_expr="gte")
    happened_before = MomentFilter(field_name="happened_at", lookup_expr="lt")

    class Meta:
        model = TimelineEntry
        fields: list[str] = []


class PersonFilters(CrmFilters):
    """Filters of the list of people."""

    role = filters.ChoiceFilter(choices=User.Role.choices)
    is_active = filters.ChoiceFilter(choices=YES_OR_NO, method="active")
    team = filters.UUIDFilter(field_name="memberships__team_id")

    class Meta:
        model = User
        fields: list[str] = []

    def active(self, rows: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        """Keep the people who may log in, or the others."""
        return rows.filter(is_active=value == "true")


class TeamFilters(CrmFilters):
    """Filters of the list of teams."""

    name = filters.CharFilter(field_name="name")

    class Meta:
        model = Team
        fields: list[str] = []
