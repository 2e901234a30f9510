"""The page of the company itself."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core import tenancy
from core.backoffice.admin import AnyModelAdmin, AnyModelForm, PlainTitles, RolePermission
from core.currencies import CURRENCIES
from core.models import Tenant


class TenantSettingsForm(AnyModelForm):
    """Name, time zone and currency of a company, from lists."""

    time_zone = forms.ChoiceField(
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())],
        help_text="Days, months and “today” are those of this zone.",
    )
    default_currency = forms.ChoiceField(
        choices=[(code, code) for code in sorted(CURRENCIES)],
        help_text="Offered first for new amounts; what exists keeps its currency.",
    )

    class Meta:
        model = Tenant
        fields = ("name", "time_zone", "default_currency", "sends_receipts", "sends_alarms")


@admin.register(Tenant)
class CompanyAdmin(RolePermission, PlainTitles, AnyModelAdmin):
    """Settings of the company in scope; there is one, so its list leads straight to it."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "change"})
    form = TenantSettingsForm
    change_form_template = "admin/tenant_change_form.html"
    fields = ("name", "slug", "time_zone", "default_currency", "sends_receipts", "sends_alarms")
    readonly_fields = ("slug",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Return the company in scope alone: the table holds all of them, unscoped."""
        return super().get_queryset(request).filter(pk=tenancy.current().tenant_id)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Open the one company; raises PermissionDenied for those who may not see it."""
        if not self.has_view_permission(request):
            raise PermissionDenied("Only admins open the settings of the company.")
        pk = tenancy.current().tenant_id
        return HttpResponseRedirect(reverse("admin:core_tenant_change", args=[pk]))
