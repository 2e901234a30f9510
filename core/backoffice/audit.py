"""The admin page of the audit log."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from core.backoffice.admin import NOTHING, ReadOnlyAdmin
from core.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who saw and did what with customers' details. Nobody changes it."""

    counselor_may: ClassVar[frozenset[str]] = NOTHING
    list_display = ("created_at", "who", "verb", "what", "object_type")
    list_filter = ("verb", "object_type")
    search_fields = ("who", "what", "=object_id")
    date_hierarchy = None
    fields = ("created_at", "who", "verb", "what", "object_type", "object_id", "detail")
