"""Staff send the receipt of a payment to an address."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from core.operations.letters import AddressInvalid
from core.pages import StaffRequest, staff_page
from payments.models import Payment
from payments.operations.receipts import NoReceipt, payer_address, send_receipt
from payments.pages.records import note


class ReceiptForm(forms.Form):
    """Where a receipt is sent."""

    email = forms.CharField(label="Send the receipt to", max_length=254)


@require_POST
@staff_page()
def receipt_send(request: StaffRequest, pk: UUID) -> HttpResponse:
    """Send a receipt, also one that was sent before."""
    payment = get_object_or_404(Payment, pk=pk)
    form = ReceiptForm(request.POST)
    try:
        if not form.is_valid():
            raise AddressInvalid("Give an e-mail address.")
        to = form.cleaned_data["email"]
        send_receipt(payment_id=pk, to=to, by=request.user, now=timezone.now())
    except (AddressInvalid, NoReceipt) as error:
        messages.error(request, f"Nothing was sent. {error}")
    else:
        is_payers = to.strip().lower() == payer_address(payment).lower()
        note(payment, f"Receipt sent to {'the payer' if is_payers else 'an address'}",
             by=request.user)  # fmt: skip
        messages.success(request, "The receipt is on its way.")
    return HttpResponseRedirect(reverse("payment", args=[pk]))
