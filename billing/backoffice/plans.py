"""Admin pages of plans, to look at: prices are made on the page Prices."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.backoffice.stored import StoredAdmin, StoredForm
from billing.models import Plan, PlanVersion, Price, PriceTier, RecurringFee
from billing.operations.plans import make_plan, rename_plan
from core.backoffice.admin import ReadOnlyAdmin, TenantInline, badge


class LookInline(TenantInline):
    """Rows to look at."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})


class PlanForm(StoredForm):
    """A plan."""

    class Meta:
        model = Plan
        fields = ("code", "name", "currency")

    def store(self) -> Plan:
        """Make the plan, or give it another name."""
        if self.is_new:
            return make_plan(**self.cleaned_data)
        return rename_plan(plan_id=self.instance.pk, name=self.cleaned_data["name"])


class VersionInline(LookInline):
    """Versions of a plan."""

    model = PlanVersion
    fields = ("number", "note", "published_at")
    readonly_fields = fields
    show_change_link = True


@admin.register(Plan)
class PlanAdmin(StoredAdmin):
    """Plans; their prices are on the page Prices."""

    form = PlanForm
    list_display = ("name", "code", "currency", "prices")
    search_fields = ("name", "=code")
    readonly_fields = ("code", "currency", "prices")
    inlines = (VersionInline,)

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        """Show the way to the prices of a plan that is there."""
        typed = ("code", "name", "currency")
        return typed if obj is None else (*typed, "prices")

    def get_inlines(self, request: Any, obj: Any = None) -> Any:
        """Leave out what hangs on a row until there is one."""
        return () if obj is None else self.inlines

    @admin.display(description="Prices")
    def prices(self, plan: Plan) -> SafeString:
        """Lead to the page of its prices."""
        return format_html(
            '<a href="{}">Open the prices</a>', reverse("billing_plan", args=[plan.pk])
        )


class PriceInline(LookInline):
    """Prices of a version."""

    model = Price
    fields = ("meter", "model", "included", "filter_value", "starts_on", "ends_on")
    readonly_fields = fields
    show_change_link = True


class FeeInline(LookInline):
    """Fees of a version."""

    model = RecurringFee
    fields = ("name", "amount_minor", "timing", "is_prorated")
    readonly_fields = fields


@admin.register(PlanVersion)
class VersionAdmin(ReadOnlyAdmin):
    """Versions of plans."""

    list_display = ("plan", "number", "note", "state", "published_at")
    list_select_related = ("plan",)
    search_fields = ("plan__name", "=plan__code", "note")
    fields = ("plan", "number", "note", "state", "published_at", "published_by")
    inlines = (PriceInline, FeeInline)

    @admin.display(description="State")
    def state(self, version: PlanVersion) -> SafeString:
        """Show whether it can be assigned."""
        is_out = version.published_at is not None
        return badge("active" if is_out else "wait", "Published" if is_out else "Draft")


class TierInline(LookInline):
    """Tiers of a price."""

    model = PriceTier
    fields = ("above", "up_to", "rate", "flat")
    readonly_fields = fields


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """Prices with their tiers."""

    list_display = ("meter", "version", "model", "filter_value", "starts_on", "ends_on")
    list_select_related = ("meter", "version__plan")
    list_filter = ("model",)
    search_fields = ("meter__name", "=meter__code", "version__plan__name")
    fields = (
        "version", "meter", "model", "included", "package_size", "minimum_minor",
        "filter_dimension", "filter_value", "starts_on", "ends_on",
    )  # fmt: skip
    inlines = (TierInline,)
