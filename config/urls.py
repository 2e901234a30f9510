"""Routes."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="today")),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("", include("payments.urls")),
    path("", include("payments.api.urls")),
    path("", include("subscriptions.urls")),
    path("", include("subscriptions.api.urls")),
    path("", include("billing.urls")),
    path("", include("billing.pages.push_urls")),
    path("", include("billing.pages.run_urls")),
    path("", include("crm.urls")),
    path("", include("crm.api.urls")),
    path("", include("billing.api.urls")),
    path("accounts/", include("core.account_urls")),
    path("", include("core.urls")),
]

handler400 = "core.unavailable.bad_request"
handler403 = "core.unavailable.forbidden"
handler404 = "core.unavailable.not_found"
handler500 = "core.unavailable.server_error"
