"""Admin pages of what is only looked at: timeline, fees, reminders, imports, calendars."""

from __future__ import annotations

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.backoffice.admin import ReadOnlyAdmin, badge, money_column
from crm.models import CalendarFeed, LeadImport, PaymentRequest, Reminder, TimelineEntry


@admin.register(TimelineEntry)
class TimelineEntryAdmin(ReadOnlyAdmin):
    """What happened to leads."""

    list_display = ("happened_at", "kind", "lead", "text", "who")
    list_filter = ("kind",)
    list_select_related = ("lead", "by")
    search_fields = ("lead__name", "text")
    fields = ("happened_at", "kind", "lead", "application", "task", "text", "from_stage",
              "to_stage", "who", "shown_facts")  # fmt: skip
    readonly_fields = ("who", "shown_facts")

    @admin.display(description="By")
    def who(self, entry: TimelineEntry) -> str:
        """Show who did it."""
        return str(entry.by) if entry.by else entry.by_words

    @admin.display(description="Facts")
    def shown_facts(self, entry: TimelineEntry) -> SafeString:
        """Show what programs may want to know, such as what a merge replaced."""
        return format_html("<pre>{}</pre>", json.dumps(entry.facts, indent=2, ensure_ascii=False))


@admin.register(PaymentRequest)
class PaymentRequestAdmin(ReadOnlyAdmin):
    """Each try of an applicant to pay the application fee."""

    list_display = ("lead", money_column("amount", "Amount"), "shown_state", "method", "paid_at",
                    "created_at")  # fmt: skip
    list_filter = ("state", "currency")
    list_select_related = ("lead",)
    search_fields = ("lead__name", "=stripe_session_id", "=stripe_payment_intent_id")
    fields = ("lead", "application", "amount", "state", "reason", "method", "paid_at",
              "stripe_session_id", "stripe_payment_intent_id", "attended_at", "created_at",
              "updated_at")  # fmt: skip

    @admin.display(description="State", ordering="state")
    def shown_state(self, request: PaymentRequest) -> SafeString:
        """Show the state as a badge."""
        return badge(request.state, request.get_state_display())


@admin.register(Reminder)
class ReminderAdmin(ReadOnlyAdmin):
    """What people were reminded of."""

    list_display = ("created_at", "kind", "text", "user", "seen_at")
    list_filter = ("kind", ("seen_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("text", "lead__name")
    fields = ("kind", "text", "lead", "task", "user", "seen_at", "created_at")


@admin.register(LeadImport)
class LeadImportAdmin(ReadOnlyAdmin):
    """Files of leads and what became of them; the rows themselves are not shown."""

    list_display = ("file_name", "shown_state", "created", "changed", "same", "refused_count",
                    "user", "created_at")  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("file_name",)
    fields = ("file_name", "state", "user", "total", "done", "created", "changed", "same",
              "refused_count", "last_error", "started_at", "finished_at", "created_at")  # fmt: skip

    @admin.display(description="State", ordering="state")
    def shown_state(self, row: LeadImport) -> SafeString:
        """Show the state as a badge."""
        return badge({"done": "good", "failed": "bad"}.get(row.state, "wait"),
                     row.get_state_display())  # fmt: skip


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Who reads their tasks in a calendar; the address stays theirs and is not shown."""

    list_display = ("user", "last_read_at", "revoked_at", "created_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("user__name", "user__email")
    fields = ("user", "last_read_at", "content_changed_at", "revoked_at", "created_at")
