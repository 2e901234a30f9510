"""The base of all admin pages: permission by role, one company's rows, fixed amounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import F
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from core import tenancy
from core.backoffice.stories import story_of
from core.backoffice.timelines import Happening, timeline_of
from core.models import EditableRow, TenantRow, User
from core.money import Money
from core.operations.audit import saw

if TYPE_CHECKING:
    # Generic for the type checker only.
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyModelForm = forms.ModelForm[Any]
    AnyTabularInline = admin.TabularInline[Any, Any]
else:
    AnyModelAdmin = admin.ModelAdmin
    AnyModelForm = forms.ModelForm
    AnyTabularInline = admin.TabularInline

EVERYTHING = frozenset({"view", "add", "change", "delete"})
NOTHING: frozenset[str] = frozenset()


class RolePermission:
    """Permission by role, in place of Django's permission rows, which are per model, not tenant.

    `admin_may` and `counselor_may` are subsets of EVERYTHING; who may change may also view.
    """

    admin_may: ClassVar[frozenset[str]] = EVERYTHING
    counselor_may: ClassVar[frozenset[str]] = NOTHING

    def may(self, request: HttpRequest, verb: str) -> bool:
        """Return whether the role of the person who asks allows `verb` on these rows."""
        user = cast("User", request.user)
        return verb in (self.admin_may if user.is_admin else self.counselor_may)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether rows may be seen."""
        return self.may(request, "view") or self.may(request, "change")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether rows may be added."""
        return self.may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether rows may be edited."""
        return self.may(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether rows may be deleted."""
        return self.may(request, "delete")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the list is offered at all."""
        return self.has_view_permission(request)


class TenantForm(AnyModelForm):
    """A form that knows the company of a new row before it is checked.

    Otherwise a name that is taken would be found by the database alone, as an error 500.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and isinstance(self.instance, TenantRow):
            # The database's default is an expression until then, which inlines cannot filter by.
            self.instance.pk = uuid4()

    def _post_clean(self) -> None:
        if self.instance._state.adding and isinstance(self.instance, TenantRow):
            self.instance.tenant_id = tenancy.current().tenant_id
        super()._post_clean()  # type: ignore[misc]  # missing in the stubs

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"tenant"}  # type: ignore[misc,no-any-return]

    def _update_errors(self, errors: ValidationError) -> None:
        """Put "taken" at the field instead of naming the company in a list of fields."""
        whole = getattr(errors, "error_dict", {}).pop(NON_FIELD_ERRORS, [])
        for error in whole:
            taken = [f for f in (error.params or {}).get("unique_check", ()) if f != "tenant"]
            if error.code == "unique_together" and len(taken) == 1:
                self.add_error(taken[0], f"This {taken[0].replace('_', ' ')} is taken.")
            else:
                self.add_error(None, error)
        super()._update_errors(errors)  # type: ignore[misc]


class OwnPeopleOnly:
    """Offers only people of the company in scope wherever a row points at a person."""

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Narrow the choices of people: their table has no row-level security."""
        if db_field.remote_field.model is User:
            kwargs["queryset"] = User.objects.filter(tenant_id=tenancy.current().tenant_id)
        return super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )


class TenantInline(RolePermission, OwnPeopleOnly, AnyTabularInline):
    """Rows shown on the page of the row that they belong to."""

    form = TenantForm
    extra = 0


class PlainTitles:
    """Calls a list by the name of its rows, and a page by its row."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list under the rows' name instead of "Select ... to change"."""
        title = capfirst(self.opts.verbose_name_plural)  # type: ignore[attr-defined]
        context = {"title": title, **(extra_context or {})}
        return super().changelist_view(request, context)  # type: ignore[misc]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Show the page of an existing row under its own name, with its timeline."""
        row = context.get("original")
        context["timeline"] = self.timeline(row) if row is not None else None
        if row is not None:
            story = story_of(row, is_long="all" in request.GET)
            context |= {"title": str(row), "subtitle": None, "story": story}
        return super().render_change_form(  # type: ignore[misc]
            request, context, *args, **kwargs
        )

    def timeline(self, row: models.Model) -> list[Happening]:
        """Return what happened to the row, newest first; other apps add by register_timeline."""
        return timeline_of(row)


class TenantAdmin(RolePermission, OwnPeopleOnly, PlainTitles, AnyModelAdmin):
    """Pages for the rows of one company.

    Row-level security keeps the rows apart; this sets the company of new rows, keeps amounts as
    they were made, and shows the timeline of a row beside its form.
    """

    # What is seen on the page of a row, where that is a customer's details: kept in the audit log.
    details: ClassVar[str] = ""
    form = TenantForm
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    change_form_template = "admin/tenant_change_form.html"

    def get_readonly_fields(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> list[str]:
        """Keep money as it was made: a changed amount would contradict what was paid."""
        readonly = list(super().get_readonly_fields(request, obj))
        if obj is None:
            return readonly
        money = [f.name for f in self.model._meta.concrete_fields if is_money(f)]
        return readonly + [name for name in money if name not in readonly]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Keep who saw a customer's details."""
        row = context.get("original")
        if self.details and row is not None:
            saw(row, self.details, by=cast("User", request.user))
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        """Save in the company in scope; an edit counts the row's version up."""
        if change and isinstance(obj, EditableRow):
            obj.version = F("version") + 1
        super().save_model(request, obj, form, change)
        if change and isinstance(obj, EditableRow):
            obj.refresh_from_db(fields=["version"])


class ReadOnlyAdmin(TenantAdmin):
    """Pages to look at rows that only operations and workers write."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})


class OperatorAdmin(AnyModelAdmin):
    """Pages for rows of the whole platform, which only its operators see."""

    operator_may: ClassVar[frozenset[str]] = frozenset({"view"})

    def _may(self, request: HttpRequest, verb: str) -> bool:
        return cast("User", request.user).is_superuser and verb in self.operator_may

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the list is offered at all."""
        return self._may(request, "view")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether rows may be seen."""
        return self._may(request, "view")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether rows may be added."""
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether rows may be edited."""
        return self._may(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether rows may be deleted."""
        return self._may(request, "delete")


def is_money(field: models.Field[Any, Any]) -> bool:
    """Return whether a field is part of an amount."""
    return field.name.endswith("_minor") or field.name == "currency"


def money_column(name: str, title: str) -> Callable[[Any], SafeString]:
    """Return a list column that shows the Money in the attribute or property `name` of a row."""

    def column(row: Any) -> SafeString:
        amount: Money | None = getattr(row, name)
        return format_html('<span class="number">{}</span>', amount.display() if amount else "-")

    column.__name__ = f"{name}_column"
    column.short_description = title  # type: ignore[attr-defined]
    return column


def badge(state: str, words: str) -> SafeString:
    """Return a state as a coloured badge; `state` is the CSS class (static/css/pieces.css)."""
    return format_html('<span class="badge {}">{}</span>', state, words)
