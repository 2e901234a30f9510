"""Routes of the pages of payments; those of the API stand in `payments.api.urls`."""

from django.urls import path

from core.api.routes import route
from payments.pages import (
    account,
    copies,
    imports,
    links,
    payments,
    public,
    receipts,
    reminders,
    sharing,
    staff_receipts,
)

urlpatterns = [
    route("pay/<str:token>/", public.pay, name="pay"),
    route("pay/<str:token>/return/", public.pay_return, name="pay_return"),
    path("pay/<str:token>/qr.svg", public.pay_qr, name="pay_qr"),
    route("receipts/<str:token>/", receipts.receipt, name="receipt"),
    path("receipts/<str:token>/receipt.pdf", receipts.receipt_file, name="receipt_file"),
    route("reminders/<str:token>/", reminders.reminders_stop, name="reminders_stop"),
    route("links/<uuid:pk>/share/", sharing.link_share, name="link_share"),
    route("links/", links.link_list, name="links"),
    route("links/new/", links.link_new, name="link_new"),
    route("links/import/", imports.link_import, name="link_import"),
    route("links/import/<uuid:pk>/", imports.link_imported, name="link_imported"),
    path("links/import/<uuid:pk>/links.csv", imports.link_imported_csv, name="link_imported_csv"),
    route("links/templates/", copies.link_templates, name="link_templates"),
    route(
        "links/templates/<uuid:pk>/delete/",
        copies.link_template_delete,
        name="link_template_delete",
    ),
    route("links/<uuid:pk>/", links.link_detail, name="link"),
    route("links/<uuid:pk>/edit/", links.link_edit, name="link_edit"),
    route("links/<uuid:pk>/off/", links.link_switch_off, name="link_switch_off"),
    route("links/<uuid:pk>/on/", links.link_switch_on, name="link_switch_on"),
    route("links/<uuid:pk>/duplicate/", copies.link_duplicate, name="link_duplicate"),
    route("links/<uuid:pk>/template/", copies.link_save_template, name="link_save_template"),
    path("links/<uuid:pk>/payments.csv", copies.link_payments_csv, name="link_payments_csv"),
    route("links/<uuid:pk>/poster/", links.link_poster, name="link_poster"),
    route("payments/", payments.payment_list, name="payments"),
    route("payments/worklist/", payments.payment_worklist, name="payments_worklist"),
    route("payments/<uuid:pk>/", payments.payment_detail, name="payment"),
    route("payments/<uuid:pk>/refund/", payments.payment_refund, name="payment_refund"),
    route("payments/<uuid:pk>/keep/", payments.payment_keep, name="payment_keep"),
    route("payments/<uuid:pk>/return/", payments.payment_return, name="payment_return"),
    route("payments/refunds/<uuid:pk>/settle/", payments.refund_settle, name="refund_settle"),
    route("payments/<uuid:pk>/receipt/", staff_receipts.receipt_send, name="receipt_send"),
    route("payments/account/", account.stripe_connect, name="stripe_connect"),
    route(
        "payments/events/<uuid:pk>/again/",
        payments.event_process_again,
        name="event_process_again",
    ),
]
