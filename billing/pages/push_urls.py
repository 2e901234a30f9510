"""Routes of the push desk."""

from django.urls import URLPattern

from billing.pages import push
from core.api.routes import route

urlpatterns: list[URLPattern] = [
    route("billing/push/", push.push_page, name="billing_push"),
    route("billing/push/pause/", push.push_pause, name="billing_push_pause"),
    route("billing/push/resume/", push.push_resume, name="billing_push_resume"),
    route("billing/push/retry/", push.push_retry_all, name="billing_push_retry_all"),
    *(
        route(f"billing/push/<uuid:pk>/{verb}/", push.push_turn, verb=verb,
              name=f"billing_push_{verb}")
        for verb in ("retry", "anew")
    ),
]  # fmt: skip
