"""Admin pages of organizations and tax rates, and how the company bills."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from billing.backoffice.stored import StoredAdmin, StoredForm
from billing.models import (
    Assignment,
    BillingSettings,
    Meter,
    NumberSeries,
    Organization,
    TaxRate,
)
from billing.operations.meters import change_meter, make_meter
from billing.operations.organizations import (
    change_organization,
    close_organization,
    make_organization,
    reopen_organization,
)
from billing.operations.settings import change_settings, set_prefix
from billing.operations.tax_rates import make_tax_rate, rename_tax_rate
from billing.queries.wallet import balance_of
from core.backoffice.admin import TenantInline, badge
from core.currencies import CURRENCIES
from core.money import Money

PAYER = (
    ("name", "Name on the invoice"), ("email", "E-mail"), ("line1", "Street"),
    ("line2", "Street, second line"), ("postal_code", "Postal code"), ("city", "City"),
    ("state", "State"), ("country", "Country, as NL"), ("tax_id", "Tax number"),
    ("reference", "Their reference"),
)  # fmt: skip


class OrganizationForm(StoredForm):
    """An organization with its payer."""

    names: ClassVar[dict[str, str]] = {"payer": "payer_name"}
    currency = forms.ChoiceField(choices=[(code, code) for code in sorted(CURRENCIES)])
    billing_starts_on = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: today in its zone.",
    )

    class Meta:
        model = Organization
        fields = (
            "code", "name", "currency", "time_zone", "anchor_day", "billing_starts_on",
            "net_days", "collection", "below_minimum", "tax_rate",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = self.instance.payer or {}
        for name, label in PAYER:
            self.fields[f"payer_{name}"] = forms.CharField(
                label=label, required=False, max_length=254, initial=held.get(name, "")
            )

    def store(self) -> Organization:
        """Make or change the organization."""
        data = self.cleaned_data
        fields = {name: data[name] for name in self.Meta.fields if name != "tax_rate"}
        fields["tax_rate_id"] = data["tax_rate"].pk if data["tax_rate"] else None
        kept = dict(self.instance.payer or {})
        typed = {name: data[f"payer_{name}"] for name, _ in PAYER}
        fields["payer"] = {n: value for n, value in {**kept, **typed}.items() if value}
        if self.is_new:
            return make_organization(now=timezone.now(), **fields)
        fields["billing_starts_on"] = fields["billing_starts_on"] or self.initial_start()
        return change_organization(organization_id=self.instance.pk, changes=fields)

    def initial_start(self) -> Any:
        """Return the day that is held."""
        return self.instance.billing_starts_on


class AssignmentInline(TenantInline):
    """Which plans held and hold."""

    model = Assignment
    admin_may: ClassVar[frozenset[str]] = frozenset({"view"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})
    fields = ("version", "starts_on", "ends_on")
    readonly_fields = fields


@admin.register(Organization)
class OrganizationAdmin(StoredAdmin):
    """Who is billed, by which rules."""

    details = "an organization with its payer"

    form = OrganizationForm
    list_display = ("name", "code", "currency", "time_zone", "plan", "shown_state")
    list_filter = ("state", "currency")
    search_fields = ("name", "=code")
    readonly_fields = ("closed_through", "prepaid", "stripe_customer_id", "created_at")
    inlines = (AssignmentInline,)
    actions = ("close", "reopen")

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what hangs on a row until there is one."""
        return () if obj is None else self.inlines

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the payer's fields beside the model's."""
        typed = (*OrganizationForm.Meta.fields, *(f"payer_{name}" for name, _ in PAYER))
        return (*typed, *self.readonly_fields) if obj is not None else typed

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Keep the payer's fields, which the model does not have, out of what Django looks for."""
        return super().get_form(
            request, obj, change, **{**kwargs, "fields": OrganizationForm.Meta.fields}
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        """Bring the plans along."""
        return super().get_queryset(request).prefetch_related("assignments__version__plan")

    @admin.display(description="Plan")
    def plan(self, organization: Organization) -> str:
        """Show the plan of today."""
        today = timezone.now().astimezone(organization.zone).date()
        for held in organization.assignments.all():
            if held.starts_on <= today and (held.ends_on is None or held.ends_on > today):
                return str(held.version)
        return "None"

    @admin.display(description="State", ordering="state")
    def shown_state(self, organization: Organization) -> SafeString:
        """Show the state as a badge."""
        is_open = organization.state == Organization.State.ACTIVE
        return badge("active" if is_open else "note", organization.get_state_display())

    @admin.display(description="Prepaid credit")
    def prepaid(self, organization: Organization) -> str:
        """Show the balance."""
        balance = balance_of(organization.pk).balance_minor
        return Money(balance, organization.currency).display()

    @admin.action(
        description="Close: no more usage, the plan ends today", permissions=["change_action"]
    )
    def close(self, request: HttpRequest, rows: QuerySet[Organization]) -> None:
        """Close the chosen organizations."""
        now = timezone.now()
        self.each(
            request, rows, lambda row: close_organization(organization_id=row.pk, now=now), "Closed"
        )

    @admin.action(description="Open again", permissions=["change_action"])
    def reopen(self, request: HttpRequest, rows: QuerySet[Organization]) -> None:
        """Open the chosen organizations."""
        self.each(request, rows, lambda row: reopen_organization(organization_id=row.pk), "Opened")


class MeterForm(StoredForm):
    """A meter; dimensions are names with commas between them."""

    class Meta:
        model = Meter
        fields = (
            "code", "name", "product", "unit", "aggregation", "dimensions", "unique_by",
            "allows_negative", "is_archived",
        )  # fmt: skip

    def store(self) -> Meter:
        """Make or change the meter."""
        fields = dict(self.cleaned_data)
        if not self.is_new:
            return change_meter(meter_id=self.instance.pk, changes=fields)
        fields.pop("is_archived")
        return make_meter(**fields)


@admin.register(Meter)
class MeterAdmin(StoredAdmin):
    """What is counted, and how."""

    form = MeterForm
    list_display = ("name", "code", "product", "aggregation", "unit", "is_archived")
    list_filter = ("aggregation", "is_archived")
    search_fields = ("name", "=code")


class TaxRateForm(StoredForm):
    """A tax rate."""

    class Meta:
        model = TaxRate
        fields = ("name", "percentage", "is_inclusive")

    def store(self) -> TaxRate:
        """Make the rate, or give it another name."""
        if self.is_new:
            return make_tax_rate(**self.cleaned_data)
        return rename_tax_rate(tax_rate_id=self.instance.pk, name=self.cleaned_data["name"])


@admin.register(TaxRate)
class TaxRateAdmin(StoredAdmin):
    """Fixed percentages; of one that is there only the name changes."""

    form = TaxRateForm
    list_display = ("name", "percentage", "is_inclusive", "created_at")
    search_fields = ("name",)
    readonly_fields = ("percentage", "is_inclusive")


class SettingsForm(StoredForm):
    """How the company bills."""

    class Meta:
        model = BillingSettings
        fields = ("grace_hours", "oldest_usage_days", "net_days", "below_minimum")
        help_texts: ClassVar[dict[str, str]] = {
            "grace_hours": "So long after its end a period takes usage before it is invoiced.",
            "oldest_usage_days": "Older usage is refused. Empty: as far back as this server takes.",
        }

    def store(self) -> BillingSettings:
        """Change the settings, which are there once."""
        return change_settings(changes=self.cleaned_data)


@admin.register(BillingSettings)
class SettingsAdmin(StoredAdmin):
    """One row for a company, made when something is changed first."""

    form = SettingsForm
    list_display = ("__str__", "grace_hours", "oldest_usage_days", "net_days", "below_minimum")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Offer to add the row while there is none."""
        return self.may(request, "add") and not BillingSettings.objects.exists()


class SeriesForm(StoredForm):
    """The prefix of numbers to come."""

    class Meta:
        model = NumberSeries
        fields = ("kind", "prefix")

    def store(self) -> NumberSeries:
        """Set the prefix; the count goes on."""
        data = self.cleaned_data
        kind = data.get("kind") or self.instance.kind
        return set_prefix(kind=kind, prefix=data["prefix"])


@admin.register(NumberSeries)
class SeriesAdmin(StoredAdmin):
    """Numbers of invoices and credit notes."""

    form = SeriesForm
    list_display = ("kind", "prefix", "next_number")
    readonly_fields = ("kind", "next_number")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the next number of a series that is there."""
        return ("kind", "prefix") if obj is None else ("kind", "prefix", "next_number")
