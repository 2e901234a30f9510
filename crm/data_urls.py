"""Routes of what goes in, comes out and is put in order: imports, exports, duplicates, calendar."""

from __future__ import annotations

from django.urls import URLPattern, path

from core.api.routes import route
from crm.pages import calendar, duplicates, exports, imports, left

urlpatterns: list[URLPattern] = [
    route("leads/duplicates/", duplicates.duplicate_list, name="duplicates"),
    route("leads/<uuid:pk>/merge/<uuid:other>/", duplicates.lead_merge, name="lead_merge"),
    route("leads/<uuid:pk>/apart/<uuid:other>/", duplicates.duplicate_apart, name="lead_apart"),
    route("leads/left/", left.leads_left, name="leads_left"),
    route("leads/import/", imports.import_new, name="lead_imports"),
    route("leads/import/<uuid:pk>/", imports.import_detail, name="lead_import"),
    route("leads/import/<uuid:pk>/confirm/", imports.import_confirm, name="lead_import_confirm"),
    route("leads/import/<uuid:pk>/discard/", imports.import_discard, name="lead_import_discard"),
    path("leads/import/<uuid:pk>/refused.csv", imports.import_refused, name="lead_import_refused"),
    path("leads/export.csv", exports.leads_csv, name="leads_csv"),
    path("applications/export.csv", exports.applications_csv, name="applications_csv"),
    path("tasks/export.csv", exports.tasks_csv, name="tasks_csv"),
    route("today/calendar/", calendar.calendar_settings, name="calendar"),
    path("calendar/<str:secret>.ics", calendar.calendar_feed, name="calendar_feed"),
]
