"""Routes of the pages of payments; those of the API stand in `payments.api.urls`."""

from django.urls import path

from core.api.routes import route
from payments.pages import account, analytics, links, payments, public, tracking

urlpatterns = [
    route("pay/<str:token>/", public.pay, name="pay"),
    route("pay/<str:token>/return/", public.pay_return, name="pay_return"),
    route("pay/<str:token>/statistics/", public.pay_statistics, name="pay_statistics"),
    path("pay/<str:token>/qr.svg", public.pay_qr, name="pay_qr"),
    route("links/", links.link_list, name="links"),
    route("links/new/", links.link_new, name="link_new"),
    route("links/<uuid:pk>/", links.link_detail, name="link"),
    route("links/<uuid:pk>/edit/", links.link_edit, name="link_edit"),
    route("links/<uuid:pk>/off/", links.link_switch_off, name="link_switch_off"),
    route("links/<uuid:pk>/on/", links.link_switch_on, name="link_switch_on"),
    route("links/<uuid:pk>/poster/", links.link_poster, name="link_poster"),
    route("payments/", payments.payment_list, name="payments"),
    route("payments/worklist/", payments.payment_worklist, name="payments_worklist"),
    route("payments/<uuid:pk>/", payments.payment_detail, name="payment"),
    route("payments/<uuid:pk>/refund/", payments.payment_refund, name="payment_refund"),
    route("payments/<uuid:pk>/keep/", payments.payment_keep, name="payment_keep"),
    route("payments/<uuid:pk>/return/", payments.payment_return, name="payment_return"),
    route("payments/refunds/<uuid:pk>/settle/", payments.refund_settle, name="refund_settle"),
    route("analytics/", analytics.analytics, name="analytics"),
    path("analytics/<slug:name>.csv", analytics.analytics_file, name="analytics_file"),
    route("settings/statistics/", tracking.statistics_settings, name="statistics_settings"),
    route("payments/account/", account.stripe_connect, name="stripe_connect"),
    route(
        "payments/events/<uuid:pk>/again/",
        payments.event_process_again,
        name="event_process_again",
    ),
]
