"""Routes of core: the tokens of the API, its documentation, and how the system is watched."""

from __future__ import annotations

from django.urls import URLPattern, path

from core.api.docs import Docs, Schema
from core.api.routes import route
from core.api.tokens import RefreshToken, Token
from core.api.webhook_endpoints import (
    DeliveryReplay,
    EndpointDeliveries,
    EndpointDetail,
    EndpointList,
    EndpointRoll,
    EndpointTest,
)
from core.backoffice.settings_page import settings_page
from core.observe.pages import healthz, metrics_page, readyz

ENDPOINT = "api/webhook-endpoints/<uuid:pk>/"

urlpatterns: list[URLPattern] = [
    route("api/token/", Token.as_view(), name="api-token"),
    route("api/token/refresh/", RefreshToken.as_view(), name="api-token-refresh"),
    route("api/schema/", Schema.as_view(), name="api-schema"),
    route("api/docs/", Docs.as_view(), name="api-docs"),
    route("api/webhook-endpoints/", EndpointList.as_view(), name="api_webhooks"),
    route(ENDPOINT, EndpointDetail.as_view(), name="api_webhook"),
    route(f"{ENDPOINT}roll-secret/", EndpointRoll.as_view(), name="api_webhook_roll"),
    route(f"{ENDPOINT}test/", EndpointTest.as_view(), name="api_webhook_test"),
    route(f"{ENDPOINT}deliveries/", EndpointDeliveries.as_view(), name="api_webhook_deliveries"),
    route(
        "api/webhook-deliveries/<uuid:pk>/replay/",
        DeliveryReplay.as_view(),
        name="api_webhook_replay",
    ),
    route("settings/", settings_page, name="settings"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics_page, name="metrics"),
]
