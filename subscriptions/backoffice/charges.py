"""Admin pages of charges, to look at: only operations write them."""

from __future__ import annotations

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice.admin import ReadOnlyAdmin, badge
from subscriptions.models import Charge

_BADGES = {"charged": "good", "declined": "failed", "refused": "failed", "unknown": "wait"}


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    """Charges and how the shop answered."""

    list_display = (
        "created_at", "customer_store_id", "club", "month", "shown_state", "reason", "request_id",
    )  # fmt: skip
    list_filter = ("state", "cause", "month")
    search_fields = ("=request_id", "customer_store_id", "=subscription__reference")
    list_select_related = ("subscription__club",)
    fields = (
        "subscription", "club", "customer_store_id", "store_sku", "month", "shown_state", "cause",
        "reason", "request_id", "shop_said", "attempts", "next_at", "decided_at", "requested_by",
        "created_at",
    )  # fmt: skip

    @admin.display(description="Club")
    def club(self, charge: Charge) -> str:
        """Show the club."""
        return charge.subscription.club.name

    @admin.display(description="State", ordering="state")
    def shown_state(self, charge: Charge) -> SafeString:
        """Show the state as a badge."""
        return badge(_BADGES.get(charge.state, "note"), charge.get_state_display())

    @admin.display(description="The shop's answer")
    def shop_said(self, charge: Charge) -> SafeString:
        """Show the answer as it came."""
        return format_html("<pre>{}</pre>", json.dumps(charge.answer or {}, indent=2))
