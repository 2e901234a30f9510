"""Admin pages of what the balance at Stripe moved for invoices."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from billing.models import InvoicePosting
from core.backoffice.admin import NOTHING, ReadOnlyAdmin, money_column


@admin.register(InvoicePosting)
class InvoicePostingAdmin(ReadOnlyAdmin):
    """Charges, refunds and disputes of invoices, as Stripe told them last."""

    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = (
        "happened_at", "invoice", "kind", "status", money_column("amount", "Amount"), "answer_by",
        "stripe_id",
    )  # fmt: skip
    list_filter = ("kind", "status")
    search_fields = ("=stripe_id", "=stripe_charge_id", "=invoice__number")
    list_select_related = ("invoice",)
    fields = (
        "invoice", "kind", "status", "reason", "amount", "answer_by", "stripe_id",
        "stripe_charge_id", "happened_at", "read_at",
    )  # fmt: skip
