"""A receipt for whoever has its address: a page, and the same as a PDF."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.files import file_answer
from core.languages import active_locale
from core.models import Entry
from core.tenancy import scope
from payments.models import Receipt
from payments.pages.privacy import public_page
from payments.receipts import receipt_pdf, sheet_of
from payments.templatetags.money import visitor_locale


@require_safe
@public_page
def receipt(request: HttpRequest, token: str) -> HttpResponse:
    """Show a receipt."""
    return _answer(request, token, is_file=False)


@require_safe
@public_page
def receipt_file(request: HttpRequest, token: str) -> HttpResponse:
    """Give a receipt as a PDF."""
    return _answer(request, token, is_file=True)


def _answer(request: HttpRequest, token: str, *, is_file: bool) -> HttpResponse:
    entry = Entry.find(Entry.Kind.RECEIPT, token)
    if entry is None or not entry.tenant.is_active:
        told = {"query_string": request.META.get("QUERY_STRING", "")}
        return HttpResponse(render_to_string("payments/receipt/unknown.html", told), status=404)
    with scope(entry.tenant_id, role="public"), timezone.override(entry.tenant.zone):
        rows = Receipt.objects.select_related(
            "payment__checkout", "payment__link", "payment__tenant"
        )
        found = rows.get(pk=entry.target_id)
        return _file(request, found) if is_file else _page(request, found)


def _page(request: HttpRequest, found: Receipt) -> HttpResponse:
    told = {
        "receipt": found,
        "sheet": sheet_of(found, locale=visitor_locale(request)),
        "tenant": found.payment.tenant,
        "query_string": request.META.get("QUERY_STRING", ""),
        "is_test": not settings.STRIPE_LIVE_MODE,
    }
    return HttpResponse(render_to_string("payments/receipt/receipt.html", told))


def _file(request: HttpRequest, found: Receipt) -> HttpResponse:
    data = receipt_pdf(found, language=active_locale(), locale=visitor_locale(request))
    return file_answer(data, f"{found.reference}.pdf")
