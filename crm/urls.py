"""Routes of the pages of the CRM; those of the API stand in `crm.api.urls`."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
