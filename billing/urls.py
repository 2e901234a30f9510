"""Routes of the pages of billing; those of the API stand in `billing.api.urls`."""

from __future__ import annotations

from django.urls import URLPattern

from billing.pages import plans
from core.api.routes import route

VERSION = "billing/versions/<uuid:pk>/"

urlpatterns: list[URLPattern] = [
    route("billing/plans/", plans.plan_list, name="billing_plans"),
    route("billing/plans/<uuid:pk>/", plans.plan_detail, name="billing_plan"),
    route("billing/plans/<uuid:pk>/draft/", plans.version_new, name="billing_version_new"),
    route(VERSION, plans.version_detail, name="billing_version"),
    route(f"{VERSION}price/", plans.price_new, name="billing_price_new"),
    route(f"{VERSION}fee/", plans.fee_new, name="billing_fee_new"),
    route(f"{VERSION}publish/", plans.version_publish, name="billing_version_publish"),
    route("billing/prices/<uuid:pk>/remove/", plans.price_remove, name="billing_price_remove"),
    route("billing/fees/<uuid:pk>/remove/", plans.fee_remove, name="billing_fee_remove"),
]
