"""Ends of an invoice, for programs: it is void, or was paid outside of Stripe."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.base import checked
from billing.api.organizations import READ_WRITE
from billing.api.statement_fields import InvoiceAnswer, invoice_answer
from billing.models import Invoice
from billing.operations.push.paid import NotPayable, ask_paid_elsewhere
from billing.operations.voiding import NotVoidable, void_invoice
from core.api.problems import not_found
from core.api.serializers import StrictSerializer
from core.api.views import ApiView


class VoidFields(StrictSerializer):
    """Why an invoice is void; the organization reads it."""

    reason = serializers.CharField(max_length=300)


class InvoiceVoid(ApiView):
    """Void an invoice."""

    idempotency = "required"
    required_scopes = READ_WRITE
    problems = {NotVoidable: (409, "not_voidable")}

    @extend_schema(request=VoidFields, responses=InvoiceAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Void a final invoice that is not paid; its period is billed anew."""
        fields = checked(VoidFields(data=request.data))
        _found(pk)
        void_invoice(invoice_id=pk, reason=fields["reason"], by=self.by, now=self.now)
        return Response(invoice_answer(_found(pk)))


class InvoicePaidElsewhere(ApiView):
    """Mark an invoice as paid outside of Stripe."""

    idempotency = "required"
    required_scopes = READ_WRITE
    problems = {NotPayable: (409, "not_payable")}

    @extend_schema(request=None, responses={202: InvoiceAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Have Stripe told that the open amount came elsewhere; the state follows in a moment."""
        _found(pk)
        ask_paid_elsewhere(invoice_id=pk, now=self.now)
        return Response(invoice_answer(_found(pk)), status=202)


def _found(pk: UUID) -> Invoice:
    rows = Invoice.objects.select_related("standing", "push", "period")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found
