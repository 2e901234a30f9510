"""Pages of staff: a credit note with its effect shown first, and a month under other prices."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from billing.forms.credits import CreditNoteForm, WhatIfForm
from billing.models import CreditNote, Invoice
from billing.operations.credit_notes import (
    AmountInvalid,
    CreditTooLarge,
    KeyUsedOtherwise,
    NotCreditable,
    NothingLeft,
    issue_credit_note,
)
from billing.operations.what_if import Difference, Total, compare, periods_to_compare, totals
from billing.queries.credits import effect, room_of
from core.models import User
from core.money import Money
from core.pages import StaffRequest, staff_page

ADMINS = frozenset({User.Role.ADMIN.value})
# A page answers at once; the command compares all.
MOST_COMPARED = 500
Refusals = (AmountInvalid, CreditTooLarge, KeyUsedOtherwise, NotCreditable, NothingLeft)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(roles=ADMINS)
def credit_note_new(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Show what a credit note would do to the money; confirmed, issue it."""
    invoice = get_object_or_404(Invoice.objects.select_related("organization"), pk=pk)
    form = CreditNoteForm(request.POST or None, invoice=invoice)
    is_sound = request.method == "POST" and form.is_valid()
    if is_sound and "confirmed" in request.POST and _issued(request, form):
        return HttpResponseRedirect(reverse("billing_invoice", args=[pk]))
    context = {
        "invoice": invoice,
        "form": form,
        "room": _room(invoice),
        "notes": CreditNote.objects.filter(invoice=invoice),
        "effect": _effect(form) if is_sound else (),
    }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "billing/staff/credit.html", context, status=status)


def _room(invoice: Invoice) -> list[tuple[str, object]]:
    room = room_of(invoice)
    return [(str(label), room.money(value)) for value, label in CreditNote.Settled.choices]


def _effect(form: CreditNoteForm) -> tuple[str, ...]:
    return effect(form.invoice, form.amount_minor or 0, form.cleaned_data["settled_by"])


def _issued(request: StaffRequest, form: CreditNoteForm) -> bool:
    fields = form.cleaned_data
    try:
        note = issue_credit_note(
            invoice_id=form.invoice.pk,
            settled_by=fields["settled_by"],
            reason=fields["reason"],
            key=fields["key"],
            by=request.user,
            now=timezone.now(),
            amount_minor=form.amount_minor,
        )
    except Refusals as error:
        messages.error(request, str(error))
        return False
    messages.success(request, f"Credit note {note} is issued; the organization is told.")
    return True


@require_safe
@staff_page(roles=ADMINS)
def what_if(request: StaffRequest) -> HttpResponse:
    """Compare a past month with itself under another version of a plan; nothing is stored."""
    form = WhatIfForm(request.GET or None)
    context: dict[str, object] = {"form": form, "is_asked": False}
    if form.is_valid():
        version = form.cleaned_data["version"]
        periods = periods_to_compare(month=form.first_day(), version=version)
        found = compare(periods[:MOST_COMPARED], version.pk)
        context |= {
            "is_asked": True,
            "rows": [
                (one, *_amounts(one, one.currency))
                for one in sorted(found, key=lambda one: -abs(one.difference_minor))
            ],
            "totals": [(one, *_amounts(one, code)) for code, one in sorted(totals(found).items())],
            "left_out": max(len(periods) - MOST_COMPARED, 0),
            "version": version,
        }
    status = 400 if form.errors else 200
    return TemplateResponse(request, "billing/staff/what_if.html", context, status=status)


def _amounts(one: Difference | Total, currency: str) -> tuple[Money, Money, Money]:
    was, would_be, difference = one.was_minor, one.would_be_minor, one.difference_minor
    return Money(was, currency), Money(would_be, currency), Money(difference, currency)
