"""Admin pages of runs, periods, invoices and credit notes: looked at here, acted on elsewhere."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.backoffice.plans import LookInline
from billing.models import (
    BillingPeriod,
    BillingRun,
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
)
from core.backoffice.admin import ReadOnlyAdmin, badge, money_column
from core.money import Money

_RUN = {"compiling": "good", "review": "wait", "finalizing": "good", "stopped": "bad"}
_INVOICE = {"draft": "wait", "final": "active", "void": "note"}


@admin.register(BillingRun)
class RunAdmin(ReadOnlyAdmin):
    """Billing runs; they are opened, looked at and finalized on their own page."""

    list_display = ("__str__", "shown_state", "made_by", "created_at", "ended_at", "page")
    list_filter = ("state",)
    list_select_related = ("made_by",)
    fields = (
        "month", "state", "stopped_in", "made_by", "created_at", "compiled_at", "approved_by",
        "approved_at", "ended_at", "page",
    )  # fmt: skip

    @admin.display(description="State", ordering="state")
    def shown_state(self, run: BillingRun) -> SafeString:
        """Show how far it is."""
        return badge(_RUN.get(run.state, "note"), run.get_state_display())

    @admin.display(description="Page")
    def page(self, run: BillingRun) -> SafeString:
        """Lead to where it is worked with."""
        return format_html('<a href="{}">Open the run</a>', reverse("billing_run", args=[run.pk]))


@admin.register(BillingPeriod)
class PeriodAdmin(ReadOnlyAdmin):
    """The days that organizations are billed for."""

    list_display = ("organization", "starts_on", "ends_on", "state", "closed_at", "recheck_at")
    list_filter = ("state", "month")
    list_select_related = ("organization",)
    search_fields = ("organization__name", "=organization__code")
    fields = (
        "organization", "starts_on", "ends_on", "starts_at", "ends_at", "month", "whole_days",
        "state", "closed_at", "recheck_at",
    )  # fmt: skip


class LineInline(LookInline):
    """Lines of an invoice."""

    model = InvoiceLine
    fields = ("position", "kind", "description", "starts_on", "ends_on", "quantity", "amount_minor")
    readonly_fields = fields


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    """Invoices with their lines; a final one never changes."""

    list_display = (
        "__str__", "organization", "period", "shown_state", money_column("total", "Total"),
        "issued_on", "due_on", "page",
    )  # fmt: skip
    list_filter = ("state", "currency")
    list_select_related = ("organization", "period")
    search_fields = ("number__istartswith", "organization__name", "=organization__code")
    fields = (
        "number", "organization", "period", "run", "state", "currency", "collection", "tax_name",
        "tax_percentage", "tax_is_inclusive", "net_minor", "tax_minor", "total_minor",
        "compiled_at", "issued_on", "due_on", "finalized_at", "content_sha256", "voided_at",
        "void_reason", "voided_by", "page",
    )  # fmt: skip
    inlines = (LineInline,)

    @admin.display(description="State", ordering="state")
    def shown_state(self, invoice: Invoice) -> SafeString:
        """Show whether it is final."""
        return badge(_INVOICE[invoice.state], invoice.get_state_display())

    @admin.display(description="Page")
    def page(self, invoice: Invoice) -> SafeString:
        """Lead to where it is explained, and credited."""
        return format_html(
            '<a href="{}">Open the invoice</a>', reverse("billing_invoice", args=[invoice.pk])
        )


class CreditNoteLineInline(LookInline):
    """What a credit note takes back."""

    model = CreditNoteLine
    fields = ("description", "amount_minor")
    readonly_fields = fields


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin):
    """Credit notes; they are issued from the page of their invoice."""

    list_display = ("number", "invoice", "amount", "settled_by", "state", "issued_on", "issued_by")
    list_filter = ("state", "settled_by")
    list_select_related = ("invoice", "issued_by")
    search_fields = ("number__istartswith", "invoice__number__istartswith", "reason")
    fields = (
        "number", "invoice", "state", "amount_minor", "currency", "reason", "settled_by",
        "issued_on", "issued_by", "content_sha256", "voided_at",
    )  # fmt: skip
    inlines = (CreditNoteLineInline,)

    @admin.display(description="Amount", ordering="amount_minor")
    def amount(self, note: CreditNote) -> str:
        """Show the amount."""
        return Money(note.amount_minor, note.currency).display()
