"""Routes of billing's API."""

from __future__ import annotations

from billing.api import (
    accounts,
    catalogue,
    credit_notes,
    organizations,
    settling,
    statements,
    usage_events,
)
from core.api.routes import route

ORGANIZATION = "api/organizations/<str:reference>/"
VERSION = "api/plan-versions/<uuid:pk>/"

urlpatterns = [
    route("api/usage-events/", usage_events.UsageEvents.as_view(), name="api_usage_events"),
    route(
        "api/usage-events/<path:idempotency_key>/",
        usage_events.OneUsageEvent.as_view(),
        name="api_usage_event",
    ),
    route("api/organizations/", organizations.OrganizationList.as_view(), name="api_organizations"),
    route(ORGANIZATION, organizations.OrganizationDetail.as_view(), name="api_organization"),
    *(
        route(f"{ORGANIZATION}{path}", view.as_view(), name=f"api_organization_{name}")
        for path, view, name in (
            ("close/", organizations.OrganizationClose, "close"),
            ("reopen/", organizations.OrganizationReopen, "reopen"),
            ("assignments/", accounts.AssignmentList, "assignments"),
            ("assignments/<uuid:pk>/", accounts.AssignmentDetail, "assignment"),
            ("items/", accounts.ItemList, "items"),
            ("items/<uuid:pk>/", accounts.ItemDetail, "item"),
            ("wallet/", accounts.Wallet, "wallet"),
            ("wallet/entries/", accounts.WalletEntries, "wallet_entries"),
            ("alerts/", accounts.AlertList, "alerts"),
            ("alerts/<uuid:pk>/", accounts.AlertDetail, "alert"),
            ("limit/", accounts.Limit, "limit"),
        )
    ),
    *(
        route(f"api/{path}", view.as_view(), name=f"api_{name}")
        for path, view, name in (
            ("meters/", catalogue.MeterList, "meters"),
            ("meters/<str:reference>/", catalogue.MeterDetail, "meter"),
            ("tax-rates/", catalogue.TaxRateList, "tax_rates"),
            ("tax-rates/<uuid:pk>/", catalogue.TaxRateDetail, "tax_rate"),
            ("plans/", catalogue.PlanList, "plans"),
            ("plans/<str:reference>/", catalogue.PlanDetail, "plan"),
            ("plans/<str:reference>/versions/", catalogue.VersionList, "plan_versions"),
            ("prices/<uuid:pk>/", catalogue.PriceDetail, "price"),
            ("fees/<uuid:pk>/", catalogue.FeeDetail, "fee"),
        )
    ),
    route(
        "api/invoices/<uuid:pk>/credit-notes/",
        credit_notes.CreditNotes.as_view(),
        name="api_invoice_credit_notes",
    ),
    route("api/invoices/<uuid:pk>/void/", settling.InvoiceVoid.as_view(), name="api_invoice_void"),
    route(
        "api/invoices/<uuid:pk>/paid-elsewhere/",
        settling.InvoicePaidElsewhere.as_view(),
        name="api_invoice_paid_elsewhere",
    ),
    route(
        "api/credit-notes/<uuid:pk>/void/",
        credit_notes.CreditNoteVoid.as_view(),
        name="api_credit_note_void",
    ),
    route(VERSION, catalogue.VersionDetail.as_view(), name="api_plan_version"),
    *(
        route(f"{VERSION}{path}", view.as_view(), name=f"api_plan_version_{name}")
        for path, view, name in (
            ("publish/", catalogue.VersionPublish, "publish"),
            ("prices/", catalogue.VersionPrices, "prices"),
            ("price-changes/", catalogue.VersionPriceChanges, "price_changes"),
            ("fees/", catalogue.VersionFees, "fees"),
        )
    ),
    *statements.routes,
]
