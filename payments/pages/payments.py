"""Staff pages of payments: lists, one payment, and moves of money with a page to confirm them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_info
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.backoffice.stories import story_of
from core.backoffice.timelines import timeline_of
from core.models import User
from core.money import Money
from core.operations.audit import saw
from core.pages import StaffRequest, staff_page
from payments import queries, queries_safety
from payments.forms import PaymentFilterForm, RefundForm, SettleForm
from payments.models import Payment, Refund, StripeEvent
from payments.operations.decisions import (
    NothingToDecide,
    RefundNotFailed,
    RefundSettled,
    keep_payment,
    return_payment,
    settle_refund,
)
from payments.operations.receipts import payer_address
from payments.operations.refunds import NotRefundable, RefundTooLarge, request_refund
from payments.operations.retries import EventProcessed, process_again
from payments.pages.records import note
from payments.pages.staff_receipts import ReceiptForm

PER_PAGE = 30
ADMINS = frozenset({User.Role.ADMIN.value})


class RefundedMeanwhile(Exception):
    """Less is left of the payment than when its refund was looked at."""


def to_payment(pk: UUID) -> HttpResponse:
    """Redirect to the page of a payment."""
    return HttpResponseRedirect(reverse("payment", args=[pk]))


def find_payment(pk: UUID) -> Payment:
    """Return a payment with what its page shows, or raise Http404."""
    rows = Payment.objects.select_related("checkout__link_version", "link", "decided_by")
    return get_object_or_404(rows, pk=pk)


@require_safe
@staff_page()
def payment_list(request: StaffRequest) -> HttpResponse:
    """List payments, newest first, narrowed by what the address says."""
    form = PaymentFilterForm(
        request.GET,
        methods=queries.methods_seen(),
        currencies=queries.currencies_of_payments(),
    )
    chosen = queries.PaymentFilter(**form.cleaned_data) if form.is_valid() else None
    rows = queries.payments(chosen, zone=request.tenant.zone) if chosen else Payment.objects.none()
    context = {
        "form": form,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "is_filtered": chosen != queries.PaymentFilter(),
    }
    status = 200 if chosen else 400
    return TemplateResponse(request, "payments/staff/payments.html", context, status=status)


@require_safe
@staff_page()
def payment_worklist(request: StaffRequest) -> HttpResponse:
    """List what waits for a person: unexpected money, failed refunds, events that do not go in."""
    context = {
        "to_decide": queries.payments_to_decide()[:PER_PAGE],
        "failed_refunds": queries.failed_refunds()[:PER_PAGE],
        "stuck_events": queries.stuck_events()[:PER_PAGE],
        "warnings": queries_safety.warnings_to_decide()[:PER_PAGE],
        "disputes": queries_safety.disputes_to_answer()[:PER_PAGE],
        "due_soon": timezone.now() + queries_safety.DUE_SOON,
        "counts": queries.worklist_counts(),
    }
    return TemplateResponse(request, "payments/staff/worklist.html", context)


@require_safe
@staff_page()
def payment_detail(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show a payment, its refunds, and what happened."""
    payment = find_payment(pk)
    saw(payment, "a payment with its payer", by=request.user)
    context = {
        "payment": payment,
        "left": queries.left_to_refund(payment),
        "decisions": queries_safety.decisions_about(payment)[:PER_PAGE],
        "card_tries": queries_safety.tries_of(payment)[:PER_PAGE],
        "warnings": payment.early_warnings.select_related("decided_by"),
        "disputes": payment.disputes.all(),
        "refunds": payment.refunds.select_related("requested_by", "settled_by"),
        "timeline": timeline_of(payment),
        "story": story_of(payment, is_long="all" in request.GET),
        **_receipt_of(payment),
    }
    return TemplateResponse(request, "payments/staff/payment.html", context)


def _receipt_of(payment: Payment) -> dict[str, Any]:
    if payment.state != Payment.State.SUCCEEDED:
        return {}
    receipt, letters = queries.receipt_of(payment)
    return {
        "receipt": receipt,
        "receipt_language": get_language_info(receipt.language)["name"] if receipt else "",
        "receipt_letters": letters,
        "receipt_form": ReceiptForm(initial={"email": payer_address(payment)}),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def payment_refund(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Ask how much goes back, show what would happen, then do it: three pages, one address."""
    payment = find_payment(pk)
    left = queries.left_to_refund(payment)
    if left.minor <= 0:
        messages.error(request, "Nothing is left of this payment that could be sent back.")
        return to_payment(pk)
    form = RefundForm(request.POST or None, left=left)
    context = {"payment": payment, "left": left, "form": form}
    if request.method != "POST" or not form.is_valid():
        status = 400 if form.errors else 200
        return TemplateResponse(request, "payments/staff/refund.html", context, status=status)
    if "confirmed" in request.POST:
        return _refund(request, payment, form)
    context["amount"] = form.cleaned_data["money"]
    return TemplateResponse(request, "payments/staff/refund_review.html", context)


def _refund(request: StaffRequest, payment: Payment, form: RefundForm) -> HttpResponse:
    seen = Money(form.cleaned_data["left"], payment.currency)
    amount: Money = form.cleaned_data["money"]
    try:
        with transaction.atomic():
            request_refund(
                payment_id=payment.pk,
                amount_minor=amount.minor,
                reason=form.cleaned_data["reason"],
                by=request.user,
                now=timezone.now(),
            )
            # The payment is locked by now: a press that came before this one is counted in.
            if queries.left_to_refund(payment) != seen - amount:
                raise RefundedMeanwhile
    except NotRefundable as error:
        messages.error(request, f"Nothing was sent. {error}")
    except (RefundedMeanwhile, RefundTooLarge):
        messages.error(
            request,
            "Nothing was sent: a refund of this payment was asked for since you opened the page."
            " Look at the refunds below first.",
        )
    else:
        messages.success(request, f"{amount.display()} is on its way back to the customer.")
    return to_payment(payment.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def payment_keep(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Keep money that was not expected, after a page that asks."""
    return _decide(request, pk, "keep", keep_payment)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def payment_return(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Send back money that was not expected, after a page that asks."""
    return _decide(request, pk, "return", return_payment)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def refund_settle(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Note that the money of a failed refund went back in another way."""
    refund = get_object_or_404(Refund.objects.select_related("payment__checkout"), pk=pk)
    form = SettleForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        left = queries.left_to_refund(refund.payment)
        context = {"refund": refund, "payment": refund.payment, "left": left, "form": form}
        status = 400 if form.errors else 200
        return TemplateResponse(request, "payments/staff/settle.html", context, status=status)
    try:
        settle_refund(
            refund_id=pk, note=form.cleaned_data["note"], by=request.user, now=timezone.now()
        )
    except (RefundNotFailed, RefundSettled) as error:
        messages.error(request, f"{error} Nothing was changed.")
    else:
        note(refund, "Settled otherwise", by=request.user)
        messages.success(request, "Settled. The refund has left the worklist.")
    return to_payment(refund.payment_id)


def _decide(
    request: StaffRequest, pk: UUID, verb: str, decide: Callable[..., Payment]
) -> HttpResponse:
    payment = find_payment(pk)
    if request.method != "POST":
        if not payment.needs_decision:
            messages.info(request, "There is nothing left to decide about this payment.")
            return to_payment(pk)
        context = {"payment": payment, "verb": verb, "left": queries.left_to_refund(payment)}
        return TemplateResponse(request, "payments/staff/decide.html", context)
    try:
        with transaction.atomic():
            decide(payment_id=pk, by=request.user, now=timezone.now())
    except (NothingToDecide, NotRefundable) as error:
        messages.error(request, f"Nothing was changed. {error}")
    except RefundTooLarge:
        messages.error(request, "Nothing was changed: all of it is on its way back already.")
    else:
        said = "Kept." if verb == "keep" else "The money is on its way back to the customer."
        messages.success(request, said)
    return to_payment(pk)


@require_POST
@staff_page(roles=ADMINS)
def event_process_again(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Have an event of Stripe's acted on again."""
    event = get_object_or_404(StripeEvent.objects.defer("payload"), pk=pk)
    try:
        process_again(event_id=pk, now=timezone.now())
    except EventProcessed as error:
        messages.info(request, str(error))
    else:
        note(event, "Sent to be processed again", by=request.user)
        messages.success(request, "It is being processed again; look here in a minute.")
    return HttpResponseRedirect(reverse("payments_worklist"))
