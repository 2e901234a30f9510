"""Admin pages of what belongs to organizations: plans, items, prepaid credit, alerts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from billing.backoffice.stored import AddOnlyAdmin, StoredAdmin, StoredForm
from billing.models import (
    Alert,
    AlertFiring,
    Assignment,
    OneOffItem,
    Organization,
    PlanVersion,
    WalletEntry,
)
from billing.operations import wallet
from billing.operations.alerts import end_alert, set_alert, set_limit
from billing.operations.assignments import assign_plan, end_assignment
from billing.operations.items import add_item, cancel_item
from core.backoffice.admin import ReadOnlyAdmin, badge
from core.money import Money


def day_field(label: str, help_text: str = "", *, required: bool = True) -> forms.DateField:
    """Return a field for a day, as browsers ask for one."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, required=required, widget=widget)


class AssignmentForm(StoredForm):
    """Which plan holds; of one that is there the end changes."""

    starts_on = day_field("First day")
    ends_on = day_field("First day without it", "Empty: for good.", required=False)

    class Meta:
        model = Assignment
        fields = ("organization", "version", "starts_on", "ends_on")

    def store(self) -> Assignment:
        """Assign the plan, or end it."""
        data, now = self.cleaned_data, timezone.now()
        if self.is_new:
            return assign_plan(
                organization_id=data["organization"].pk,
                version_id=data["version"].pk,
                starts_on=data["starts_on"],
                ends_on=data["ends_on"],
                by=self.by,
                now=now,
            )
        if data["ends_on"] is None:
            held: Assignment = self.instance
            return held
        return end_assignment(assignment_id=self.instance.pk, ends_on=data["ends_on"], now=now)


@admin.register(Assignment)
class AssignmentAdmin(StoredAdmin):
    """Which plan holds for whom, and when."""

    form = AssignmentForm
    list_display = ("organization", "version", "starts_on", "ends_on")
    list_select_related = ("organization", "version__plan")
    search_fields = ("organization__name", "=organization__code")
    autocomplete_fields = ("organization",)
    fields = ("organization", "version", "starts_on", "ends_on")
    readonly_fields = ("organization", "version", "starts_on")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer published versions only."""
        if db_field.name == "version":
            rows = PlanVersion.objects.exclude(published_at=None)
            kwargs["queryset"] = rows.select_related("plan")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ItemForm(StoredForm):
    """A one-off amount."""

    amount_minor = forms.IntegerField(
        label="Amount", help_text="In the smallest unit, such as cents; below zero: a credit."
    )
    due_on = day_field("Due on", "Empty: today in its zone.", required=False)

    class Meta:
        model = OneOffItem
        fields = ("organization", "description", "product", "amount_minor", "due_on")

    def store(self) -> OneOffItem:
        """Add the item."""
        data = dict(self.cleaned_data)
        organization: Organization = data.pop("organization")
        return add_item(organization_id=organization.pk, by=self.by, now=timezone.now(), **data)


def _amount(row: OneOffItem | WalletEntry) -> Money:
    return Money(row.amount_minor, row.organization.currency)


class AmountMixin:
    """Shows the amount in its currency."""

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, row: Any) -> str:
        """Show the amount."""
        return _amount(row).display()


@admin.register(OneOffItem)
class ItemAdmin(AmountMixin, AddOnlyAdmin):
    """One-off items and credits; they join the next invoice."""

    form = ItemForm
    list_display = ("description", "organization", "amount", "due_on", "shown_state")
    list_filter = ("due_on",)
    list_select_related = ("organization",)
    search_fields = ("description", "organization__name", "=organization__code")
    autocomplete_fields = ("organization",)
    fields = ("organization", "description", "product", "amount_minor", "due_on")
    actions = ("cancel",)

    @admin.display(description="State")
    def shown_state(self, item: OneOffItem) -> SafeString:
        """Show whether it was cancelled."""
        is_off = item.cancelled_at is not None
        return badge("note" if is_off else "active", "Cancelled" if is_off else "Added")

    @admin.action(
        description="Cancel: take back what no invoice holds", permissions=["change_action"]
    )
    def cancel(self, request: HttpRequest, rows: QuerySet[OneOffItem]) -> None:
        """Cancel the chosen items."""
        now = timezone.now()
        self.each(request, rows, lambda row: cancel_item(item_id=row.pk, now=now), "Cancelled")


class EntryForm(StoredForm):
    """A movement of prepaid credit."""

    kind = forms.ChoiceField(
        choices=[
            ("top_up", "Paid ahead"), ("grant", "Granted by us"), ("withdrawn", "Taken back"),
        ]
    )  # fmt: skip
    amount_minor = forms.IntegerField(
        label="Amount", help_text="Above zero, in the smallest unit, such as cents."
    )

    class Meta:
        model = WalletEntry
        fields = ("organization", "kind", "amount_minor", "note")

    def store(self) -> WalletEntry:
        """Enter it."""
        data = dict(self.cleaned_data)
        organization: Organization = data.pop("organization")
        return _MOVES[data.pop("kind")](organization_id=organization.pk, by=self.by, **data)


_MOVES = {"top_up": wallet.top_up, "grant": wallet.grant, "withdrawn": wallet.withdraw}


@admin.register(WalletEntry)
class EntryAdmin(AmountMixin, AddOnlyAdmin):
    """Prepaid credit: entries are added and never change; the balance is their sum."""

    form = EntryForm
    list_display = ("created_at", "organization", "kind", "amount", "note", "made_by")
    list_filter = ("kind",)
    list_select_related = ("organization", "made_by")
    search_fields = ("organization__name", "=organization__code", "note")
    autocomplete_fields = ("organization",)
    fields = ("organization", "kind", "amount_minor", "note")


class AlertForm(StoredForm):
    """An alert or a limit."""

    amount_minor = forms.IntegerField(
        label="Amount", required=False, help_text="In the smallest unit. For amounts and limits."
    )

    class Meta:
        model = Alert
        fields = ("organization", "kind", "amount_minor", "meter", "quantity")

    def store(self) -> Alert:
        """Set it."""
        data, now = self.cleaned_data, timezone.now()
        organization: Organization = data["organization"]
        if data["kind"] == Alert.Kind.LIMIT:
            amount = data["amount_minor"] or 0
            return set_limit(organization_id=organization.pk, amount_minor=amount, now=now)
        return set_alert(
            organization_id=organization.pk,
            kind=data["kind"],
            amount_minor=data["amount_minor"],
            meter_id=data["meter"].pk if data["meter"] else None,
            quantity=data["quantity"],
            now=now,
        )


@admin.register(Alert)
class AlertAdmin(AddOnlyAdmin):
    """Alerts and spend limits."""

    form = AlertForm
    list_display = ("organization", "kind", "threshold", "set_by", "ended_at")
    list_filter = ("kind", "set_by")
    list_select_related = ("organization", "meter")
    search_fields = ("organization__name", "=organization__code")
    autocomplete_fields = ("organization",)
    fields = ("organization", "kind", "amount_minor", "meter", "quantity")
    actions = ("end",)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Let amounts be without a meter."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "meter" and field is not None:
            field.required = False
        return field

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Let amounts be without a quantity."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "quantity" and field is not None:
            field.required = False
        return field

    @admin.display(description="At")
    def threshold(self, alert: Alert) -> str:
        """Show the threshold."""
        if alert.meter is not None and alert.quantity is not None:
            return f"{alert.quantity.normalize():f} {alert.meter.unit or alert.meter.name}"
        return Money(alert.amount_minor or 0, alert.organization.currency).display()

    @admin.action(description="End: tell of it no more", permissions=["change_action"])
    def end(self, request: HttpRequest, rows: QuerySet[Alert]) -> None:
        """End the chosen alerts."""
        now = timezone.now()
        self.each(request, rows, lambda row: end_alert(alert_id=row.pk, now=now), "Ended")


@admin.register(AlertFiring)
class FiringAdmin(ReadOnlyAdmin):
    """What alerts told."""

    list_display = ("created_at", "organization", "alert", "period_starts_on", "value", "threshold")
    list_select_related = ("alert__organization",)
    list_filter = ("alert__kind",)
    search_fields = ("alert__organization__name", "=alert__organization__code")
    fields = ("alert", "period_starts_on", "value", "threshold", "created_at")

    @admin.display(description="Organization")
    def organization(self, firing: AlertFiring) -> str:
        """Show whose it is."""
        return firing.alert.organization.name
