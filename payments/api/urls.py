"""Routes of the payments API."""

from core.api.routes import route
from payments.api import analytics, imports, intake, letters, links, payments, receipts, templates

urlpatterns = [
    route("stripe/webhook/<uuid:account_id>/", intake.stripe_webhook, name="stripe_webhook"),
    route("api/payment-links/", links.LinkList.as_view(), name="api_links"),
    route("api/payment-links/import/", imports.LinkImports.as_view(), name="api_link_import"),
    route("api/payment-links/<uuid:pk>/", links.LinkDetail.as_view(), name="api_link"),
    route(
        "api/payment-links/<uuid:pk>/deactivate/",
        links.LinkDeactivate.as_view(),
        name="api_link_deactivate",
    ),
    route(
        "api/payment-links/<uuid:pk>/activate/",
        links.LinkActivate.as_view(),
        name="api_link_activate",
    ),
    route(
        "api/payment-links/<uuid:pk>/checkouts/",
        links.LinkCheckouts.as_view(),
        name="api_link_checkouts",
    ),
    route(
        "api/payment-links/<uuid:pk>/versions/",
        links.LinkVersions.as_view(),
        name="api_link_versions",
    ),
    route(
        "api/payment-links/<uuid:pk>/duplicate/",
        links.LinkDuplicate.as_view(),
        name="api_link_duplicate",
    ),
    route(
        "api/payment-link-templates/",
        templates.TemplateList.as_view(),
        name="api_link_templates",
    ),
    route(
        "api/payment-link-templates/<uuid:pk>/",
        templates.TemplateDetail.as_view(),
        name="api_link_template",
    ),
    route(
        "api/payment-links/<uuid:pk>/letters/",
        letters.LinkLetters.as_view(),
        name="api_link_letters",
    ),
    route("api/payments/", payments.PaymentList.as_view(), name="api_payments"),
    route("api/payments/analytics/", analytics.Analytics.as_view(), name="api_analytics"),
    route("api/payments/<uuid:pk>/", payments.PaymentDetail.as_view(), name="api_payment"),
    route(
        "api/payments/<uuid:pk>/refunds/",
        payments.PaymentRefunds.as_view(),
        name="api_payment_refunds",
    ),
    route(
        "api/payments/<uuid:pk>/receipt/",
        receipts.PaymentReceipt.as_view(),
        name="api_payment_receipt",
    ),
    route(
        "api/payments/<uuid:pk>/receipt.pdf/",
        receipts.PaymentReceiptFile.as_view(),
        name="api_payment_receipt_pdf",
    ),
    route(
        "api/payments/<uuid:pk>/decision/",
        payments.PaymentDecision.as_view(),
        name="api_payment_decision",
    ),
]
