"""Routes of the clubs API: under /api like all others, and at the paths of their description."""

from typing import Any

from django.urls import URLPattern

from core.api.routes import route
from subscriptions.api import charges, clubs

VIEWS: list[tuple[str, type[Any], str]] = [
    ("club/<int:club_id>/subscribe/", clubs.ClubSubscribe, "club_subscribe"),
    ("subscription/eligible/", clubs.EligibleList, "subscription_eligible"),
    (
        "subscription/<str:subscription_id>/status/",
        clubs.SubscriptionStatusView,
        "subscription_status",
    ),
    (
        "subscription/<str:subscription_id>/charge/<str:request_id>/",
        charges.SubscriptionCharge,
        "subscription_charge",
    ),
]


def _routes() -> list[URLPattern]:
    # One description of each endpoint is enough: that under /api.
    bare = [route(path, view.as_view(schema=None), name=name) for path, view, name in VIEWS]
    return bare + [
        route(f"api/{path}", view.as_view(), name=f"api_{name}") for path, view, name in VIEWS
    ]


urlpatterns = _routes()
