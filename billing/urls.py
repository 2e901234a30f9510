"""Routes of the pages of billing; those of the API stand in `billing.api.urls`."""

from billing.pages import crediting, plans, settling, staff
from billing.pages.portal import alerts, invoicing, owing, using
from core.api.routes import route

_PORTAL = "portal/<str:token>"

portal = [
    route(f"{_PORTAL}/", owing.owing, name="portal"),
    *(
        route(f"{_PORTAL}/upcoming.{ending}/", owing.upcoming_file,
              name=f"portal_upcoming_{ending}", ending=ending)
        for ending in ("pdf", "csv")
    ),
    route(f"{_PORTAL}/usage/", using.usage, name="portal_usage"),
    route(f"{_PORTAL}/usage/<str:code>/", using.meter, name="portal_meter"),
    route(f"{_PORTAL}/usage/<str:code>/events/", using.events, name="portal_events"),
    route(f"{_PORTAL}/usage/<str:code>/events.csv/", using.events_file, name="portal_events_csv"),
    route(f"{_PORTAL}/alerts/", alerts.alerts, name="portal_alerts"),
    route(f"{_PORTAL}/alerts/limit/", alerts.limit, name="portal_limit"),
    route(f"{_PORTAL}/alerts/<uuid:pk>/end/", alerts.alert_end, name="portal_alert_end"),
    route(f"{_PORTAL}/invoices/", invoicing.invoices, name="portal_invoices"),
    *(
        route(f"{_PORTAL}/invoices/<str:name>.{ending}/", invoicing.invoice_file,
              name=f"portal_invoice_{ending}", ending=ending)
        for ending in ("pdf", "csv")
    ),
    route(f"{_PORTAL}/invoices/<str:name>/", invoicing.invoice, name="portal_invoice"),
    route(
        f"{_PORTAL}/invoices/<str:name>/lines/<uuid:line>/events.csv/",
        invoicing.line_events,
        name="portal_line_events",
    ),
]  # fmt: skip

organizations = [
    route("billing/organizations/", staff.organizations, name="billing_organizations"),
    route("billing/organizations/<uuid:pk>/", staff.organization, name="billing_organization"),
    route(
        "billing/organizations/<uuid:pk>/portal/",
        staff.portal_address,
        name="billing_portal_address",
    ),
    route("billing/invoices/<uuid:pk>/", staff.invoice, name="billing_invoice"),
    route(
        "billing/invoices/<uuid:pk>/credit/", crediting.credit_note_new, name="billing_credit_note"
    ),
    route("billing/invoices/<uuid:pk>/void/", settling.invoice_void, name="billing_invoice_void"),
    route("billing/invoices/<uuid:pk>/paid/", settling.invoice_paid, name="billing_invoice_paid"),
    route("billing/what-if/", crediting.what_if, name="billing_what_if"),
    *(
        route(f"billing/invoices/<uuid:pk>.{ending}/", staff.invoice_file,
              name=f"billing_invoice_{ending}", ending=ending)
        for ending in ("pdf", "csv")
    ),
]  # fmt: skip

VERSION = "billing/versions/<uuid:pk>/"

prices = [
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

urlpatterns = [*portal, *organizations, *prices]
