"""Admin pages of leads and their stages."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice.admin import TenantAdmin, TenantInline, badge
from core.models import User
from crm.backoffice.actions import after_asking
from crm.backoffice.forms import ApplicationStageForm, LeadAdminForm, LeadStageForm
from crm.forms import AssignForm, MoveForm
from crm.forms.base import to_id
from crm.models import Application, ApplicationStage, Lead, LeadStage, Task
from crm.operations.leads import assign_lead
from crm.operations.merge import merge_leads
from crm.operations.stages import move_lead
from crm.operations.timeline import Actor
from crm.queries.deadlines import (
    leads_of_people_who_left,
    leads_without_owner,
    quiet_leads,
    with_deadline_missed,
)
from crm.queries.people import colleagues, team_names

EDITORS = frozenset({"view", "add", "change"})


def by(request: HttpRequest) -> Actor:
    """Return the person at the page as who acts."""
    return Actor(cast("User", request.user))


class StoredAdmin(TenantAdmin):
    """Pages whose forms store by operations."""

    admin_may: ClassVar[frozenset[str]] = EDITORS
    counselor_may: ClassVar[frozenset[str]] = EDITORS

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Tell the form who stores."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.by = cast("User", request.user)
        return form

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what hangs on a row until there is one."""
        return () if obj is None else self.inlines

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what is never typed; money has its own rule in the operation."""
        return list(self.readonly_fields) if obj is not None else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Store nothing more: the form's operation has stored the row."""


class WaitingFilter(admin.SimpleListFilter):
    """Narrows leads by what they wait for."""

    title = "waiting"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the kinds of waiting."""
        return [
            ("quiet", "Quiet"),
            ("deadline", "Deadline missed"),
            ("nobody", "Without owner"),
            ("left", "Owner left"),
            ("merged", "Merged into another"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen leads; merged ones are shown only when asked for."""
        now, chosen = timezone.now(), self.value()
        if chosen == "merged":
            return queryset.filter(merged_into__isnull=False)
        standing = queryset.filter(merged_into__isnull=True)
        if chosen == "quiet":
            return standing.filter(pk__in=quiet_leads(now).order_by().values("pk"))
        if chosen == "deadline":
            return with_deadline_missed(standing, now)
        if chosen == "nobody":
            return standing.filter(pk__in=leads_without_owner().order_by().values("pk"))
        if chosen == "left":
            return standing.filter(pk__in=leads_of_people_who_left().order_by().values("pk"))
        return standing


class StageFilter(admin.SimpleListFilter):
    """Narrows rows by their stage, by its name."""

    title = "stage"
    parameter_name = "stage"
    stages: type[LeadStage | ApplicationStage] = LeadStage

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the stages in order."""
        return list(self.stages._default_manager.values_list("key", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the rows on the chosen stage."""
        return queryset.filter(stage=self.value()) if self.value() else queryset


class OwnerFilter(admin.SimpleListFilter):
    """Narrows leads by who looks after them; only people of the company are offered."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the people."""
        return [(str(person.pk), str(person)) for person in colleagues()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the leads of the chosen person."""
        known = {value for value, _ in self.lookup_choices}
        return queryset.filter(owner_id=self.value()) if self.value() in known else queryset


class LookInline(TenantInline):
    """Rows to look at on the page of a lead; each leads to its own page."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})
    can_delete = False
    show_change_link = True


class ApplicationInline(LookInline):
    """What the lead applies for."""

    model = Application
    fields = ("programme", "stage", "stage_since", "fee_shown")
    readonly_fields = fields

    @admin.display(description="Fee")
    def fee_shown(self, row: Application) -> str:
        """Show the fee."""
        return row.fee.display() if row.fee else "-"


class TaskInline(LookInline):
    """What there is to do for the lead."""

    model = Task
    fields = ("type", "due_at", "status", "assignee", "outcome")
    readonly_fields = fields


class MergeForm(forms.Form):
    """Which of the chosen leads stays."""

    survivor = forms.ChoiceField(label="This one stays", widget=forms.RadioSelect)


@admin.register(Lead)
class LeadAdmin(StoredAdmin):
    """Leads; never deleted, but merged. Everything goes through the operations of the pages."""

    details = "a lead"

    form = LeadAdminForm  # type: ignore[assignment]  # the base is typed for its own form
    list_display = ("name", "email", "phone", "shown_stage", "owner", "source", "created_at")
    list_filter = (WaitingFilter, StageFilter, OwnerFilter)
    list_select_related = ("owner",)
    search_fields = ("name", "=email_normalised", "=phone_normalised", "=source_id", "email")
    date_hierarchy = None
    inlines = (ApplicationInline, TaskInline)
    actions = ("move", "assign", "merge")
    typed = (
        "name", "email", "phone", "source", "source_id", "next_action", "next_action_at", "owner",
        "teams", "seen_version",
    )  # fmt: skip
    readonly_fields = ("shown_stage", "stage_since", "last_activity_at", "page", "created_at")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what can be typed, and what there is to see of a lead that exists."""
        return self.typed if obj is None else (*self.typed, *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep a merged lead as it was."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.merged_into_id is None)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return what is never typed."""
        return [] if obj is None else list(self.readonly_fields)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Look up the names of stages once for a list."""
        self._stages = dict(LeadStage.objects.values_list("key", "name"))
        return super().get_changelist(request, **kwargs)

    @admin.display(description="Stage", ordering="stage")
    def shown_stage(self, lead: Lead) -> SafeString:
        """Show the stage by its name."""
        names = getattr(self, "_stages", {})
        return badge("bad" if lead.merged_into_id else "note", names.get(lead.stage, lead.stage))

    @admin.display(description="Page")
    def page(self, lead: Lead) -> SafeString:
        """Lead to the page that counselors work on."""
        if lead.pk is None:
            return format_html("-")
        return format_html('<a href="{}">Open</a>', reverse("lead", args=[lead.pk]))

    @admin.action(description="Move to a stage…", permissions=["change"])
    def move(self, request: HttpRequest, rows: QuerySet[Lead]) -> HttpResponse | None:
        """Move the chosen leads, with a note."""
        stages = list(LeadStage.objects.all())
        return after_asking(
            self, request, rows, action="move", question="Move to which stage?",
            form_class=lambda data: MoveForm(data, stages=stages), done="Moved",
            act=lambda lead, said: move_lead(
                lead_id=lead.pk, stage=said["stage"], note=said["note"], by=by(request),
                now=timezone.now()),
        )  # fmt: skip

    @admin.action(description="Hand to somebody or to teams…", permissions=["change"])
    def assign(self, request: HttpRequest, rows: QuerySet[Lead]) -> HttpResponse | None:
        """Give the chosen leads an owner and teams."""
        people, teams = colleagues(), team_names()
        return after_asking(
            self, request, rows, action="assign", question="Who looks after them?",
            form_class=lambda data: AssignForm(data, people=people, teams=teams),
            done="Handed on",
            act=lambda lead, said: assign_lead(
                lead_id=lead.pk, owner_id=to_id(said["owner"]),
                team_ids=[team for team in teams if str(team) in said["teams"]],
                by=by(request), now=timezone.now()),
        )  # fmt: skip

    @admin.action(description="Merge two into one…", permissions=["change"])
    def merge(self, request: HttpRequest, rows: QuerySet[Lead]) -> HttpResponse | None:
        """Merge two chosen leads; which one stays is asked first."""
        chosen = list(rows.order_by("created_at", "pk")[:3])
        if len(chosen) != 2:
            self.message_user(request, "Choose exactly two leads to merge.", messages.WARNING)
            return None

        def form_class(data: Any) -> forms.Form:
            form = MergeForm(data)
            choices: Any = [(str(lead.pk), f"{lead.name} · {lead.email or lead.phone}") for lead in
                            chosen]  # fmt: skip
            form.fields["survivor"].choices = choices  # type: ignore[attr-defined]
            return form

        def act(lead: Lead, said: dict[str, Any]) -> None:
            if str(lead.pk) == said["survivor"]:
                [other] = [one for one in chosen if one.pk != lead.pk]
                merge_leads(
                    survivor_id=lead.pk, duplicate_id=other.pk, by=by(request), now=timezone.now()
                )

        question = "Which one stays? It gets what it lacks from the other."
        return after_asking(
            self, request, rows, action="merge", question=question, form_class=form_class,
            act=act, done="Merged",
        )  # fmt: skip


class StageAdmin(StoredAdmin):
    """The steps of the pipeline; admins make and edit them. What rows stand on is not deleted."""

    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})
    list_display = ("name", "key", "position", "outcome", "deadline_days", "needs_note",
                    "may_go_back")  # fmt: skip
    list_filter = ("outcome",)
    search_fields = ("name", "key")
    ordering = ("position", "key")
    shown = ("name", "position", "outcome", "deadline_days", "needs_note", "may_go_back")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what can be typed; the key only while there is no row."""
        return ("key", *self.shown) if obj is None else self.shown


@admin.register(LeadStage)
class LeadStageAdmin(StageAdmin):
    """Stages of leads."""

    form = LeadStageForm  # type: ignore[assignment]  # the base is typed for its own form


@admin.register(ApplicationStage)
class ApplicationStageAdmin(StageAdmin):
    """Stages of applications."""

    form = ApplicationStageForm  # type: ignore[assignment]  # the base is typed for its own form
