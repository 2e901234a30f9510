"""The real routes, and those that they are measured against."""

from django.urls import include, path

from benchmarks import usage_orm, usage_twin, views

urlpatterns = [
    path("bench/bare/", views.bare),
    path("bench/read-for-token/<uuid:link_id>/", views.read_for_token),
    path("bench/read-unscoped/<uuid:link_id>/", views.ReadUnscoped.as_view()),
    path("bench/read-scoped/<uuid:link_id>/", views.ReadScoped.as_view()),
    path("bench/eligible-serialized/", views.EligibleSerialized.as_view()),
    path("bench/read-organization/<uuid:pk>/", views.ReadOrganization.as_view()),
    path("bench/usage-serialized/", usage_twin.UsageSerialized.as_view()),
    path("bench/usage-orm/", usage_orm.UsageByOrm.as_view()),
    path("", include("config.urls")),
]
