"""Admin pages of clubs and subscriptions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from core.backoffice.admin import NOTHING, ReadOnlyAdmin, TenantAdmin, TenantInline, badge
from subscriptions.models import (
    Club,
    ClubStatus,
    ClubStatusChange,
    Subscription,
    SubscriptionStatus,
    SubscriptionStatusChange,
)
from subscriptions.queries.words import club_status_word, status_word

_CLUB_BADGES = {ClubStatus.ACTIVE: "active", ClubStatus.CLOSED: "note"}
_BADGES = {SubscriptionStatus.ACTIVE: "active", SubscriptionStatus.PAUSED: "note"}


class HistoryInline(TenantInline):
    """A status history, newest first, to look at."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})
    fields: ClassVar[tuple[str, ...]] = (
        "effective_at", "word", "details", "recorded_at", "withdrawn_at",
    )  # fmt: skip
    readonly_fields = fields
    verbose_name_plural = "status history"

    def word(self, row: Any) -> str:
        """Show the status as a word."""
        return self.words(row.status)

    words = staticmethod(status_word)


class ClubHistoryInline(HistoryInline):
    """The status history of a club."""

    model = ClubStatusChange
    words = staticmethod(club_status_word)


class SubscriptionHistoryInline(HistoryInline):
    """The status history of a subscription."""

    model = SubscriptionStatusChange
    fk_name = "subscription"


@admin.register(Club)
class ClubAdmin(TenantAdmin):
    """Clubs are made and edited by admins; their ids stay, since other programs know them."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "add", "change"})
    counselor_may: ClassVar[frozenset[str]] = frozenset({"view"})
    list_display = ("name", "number", "store_sku", "time_zone", "created_at")
    search_fields = ("name", "=number")
    fields = ("number", "name", "store_sku", "time_zone")
    inlines = (ClubHistoryInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Keep the id of a club that is there."""
        fixed = list(super().get_readonly_fields(request, obj))
        return fixed if obj is None else [*fixed, "number"]


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    """Subscriptions, with what they are now."""

    list_display = ("customer_store_id", "club", "now", "reference", "subscribed_at")
    list_filter = ("club",)
    search_fields = ("=reference", "customer_store_id")
    list_select_related = ("club",)
    fields = ("reference", "club", "customer_store_id", "now", "next_change", "subscribed_at")
    inlines = (SubscriptionHistoryInline,)

    @admin.display(description="Now")
    def now(self, subscription: Subscription) -> SafeString:
        """Show the status at this moment."""
        status = subscription.status_at(timezone.now())
        return badge(_BADGES.get(status or 0, "wait"), status_word(status))

    @admin.display(description="Next change")
    def next_change(self, subscription: Subscription) -> str:
        """Show what is scheduled."""
        row = subscription.changes.after(timezone.now()).first()
        if row is None:
            return "None"
        when = timezone.localtime(row.effective_at)
        return f"{status_word(row.status)} from {when:%Y-%m-%d %H:%M} on"


class StatusAdmin(TenantAdmin):
    """Names of statuses. What 1, 2 and 3 mean is fixed; names can be changed."""

    admin_may: ClassVar[frozenset[str]] = frozenset({"view", "change"})
    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = ("name", "number")
    search_fields = ("name",)
    fields = ("number", "name")
    readonly_fields = ("number",)


admin.site.register(ClubStatus, StatusAdmin)
admin.site.register(SubscriptionStatus, StatusAdmin)
