"""Routes of core: the tokens of the API, its documentation, and how the system is watched."""

from __future__ import annotations

from django.urls import URLPattern, path

from core.api.docs import Docs, Schema
from core.api.routes import route
from core.api.tokens import RefreshToken, Token
from core.observe.pages import healthz, metrics_page, readyz

urlpatterns: list[URLPattern] = [
    route("api/token/", Token.as_view(), name="api-token"),
    route("api/token/refresh/", RefreshToken.as_view(), name="api-token-refresh"),
    route("api/schema/", Schema.as_view(), name="api-schema"),
    route("api/docs/", Docs.as_view(), name="api-docs"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics_page, name="metrics"),
]
