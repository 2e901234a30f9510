"""Pages of the people and teams of a company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from core import tenancy
from core.backoffice.admin import PlainTitles, RolePermission, TenantAdmin, TenantInline, badge
from core.models import Team, TeamMembership, User
from core.operations.people import lift_lockout, reset_second_factor

if TYPE_CHECKING:
    AnyUserAdmin = UserAdmin[User]
    AnyUserCreationForm = AdminUserCreationForm[User]
else:
    AnyUserAdmin = UserAdmin
    AnyUserCreationForm = AdminUserCreationForm


class NewPersonForm(AnyUserCreationForm):
    """Adds a person with a first password, or without one until they reset it by e-mail."""

    class Meta:
        model = User
        fields = ("email", "name", "role")
        field_classes: ClassVar[dict[str, Any]] = {}


@admin.register(User)
class PersonAdmin(RolePermission, PlainTitles, AnyUserAdmin):
    """People of the company in scope. Nobody here becomes an operator or changes company."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change"})
    add_form = NewPersonForm
    list_display = ("email", "name", "role_badge", "is_active", "has_second_factor", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "created_at")
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    change_form_template = "admin/tenant_change_form.html"
    actions = ("lift_lockouts", "reset_second_factors")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Access", {"fields": ("role", "is_active", "last_login", "created_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "name", "role", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return the people of the company in scope; their table holds those of all companies.

        Platform operators are left out for others: changing their password would take over.
        """
        people: QuerySet[User] = super().get_queryset(request)
        people = people.filter(tenant_id=tenancy.current().tenant_id)
        if not cast("User", request.user).is_superuser:
            people = people.filter(is_superuser=False)
        factor = Authenticator.objects.filter(user=OuterRef("pk"), type="totp")
        return cast("QuerySet[User]", people.annotate(second_factor=Exists(factor)))

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Keep people from locking themselves out."""
        own = ("role", "is_active") if obj is not None and obj.pk == request.user.pk else ()
        return [*self.readonly_fields, *own]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Put a new person into the company in scope."""
        if not change:
            obj.tenant_id = tenancy.current().tenant_id
        super().save_model(request, obj, form, change)

    @admin.display(description="Role", ordering="role")
    def role_badge(self, person: User) -> SafeString:
        """Show the role."""
        return badge("note" if person.is_admin else "", person.get_role_display())

    @admin.display(description="Two-step login", boolean=True)
    def has_second_factor(self, person: Any) -> bool:
        """Show whether a second factor is set up."""
        return bool(person.second_factor)

    @admin.action(description="Lift the lock-out after failed logins", permissions=["change"])
    def lift_lockouts(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Let the chosen people try to log in again at once."""
        lifted = sum(lift_lockout(user=person) for person in people)
        self.message_user(request, f"Failed logins forgotten for {lifted} people.")

    @admin.action(description="Reset two-step login (lost phone)", permissions=["change"])
    def reset_second_factors(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """Remove the second factors of the chosen people."""
        removed = [person for person in people if reset_second_factor(user=person)]
        for person in removed:
            self.log_change(request, person, "Reset two-step login.")
        level = messages.WARNING if removed else messages.INFO
        self.message_user(request, f"Two-step login reset for {len(removed)} people.", level)


class MembershipInline(TenantInline):
    """The people of a team."""

    model = TeamMembership
    fields = ("user",)
    verbose_name = "member"
    verbose_name_plural = "members"
    counselor_may: ClassVar[frozenset[str]] = frozenset()


@admin.register(Team)
class TeamAdmin(TenantAdmin):
    """Teams and who is in them."""

    list_display = ("name", "members", "created_at")
    search_fields = ("name",)
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """Count the members with the teams, in one query."""
        teams = super().get_queryset(request).annotate(member_count=Count("memberships"))
        return cast("QuerySet[Team]", teams)

    @admin.display(description="Members", ordering="member_count")
    def members(self, team: Any) -> int:
        """Show how many people are in the team."""
        return int(team.member_count)
