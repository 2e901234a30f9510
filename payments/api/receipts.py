"""The receipt of a payment, for programs: what it says, and the same as a PDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone, translation
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import Problem
from core.api.views import ApiView
from core.files import file_answer
from core.money import Money
from payments.api.serializers import Amount, AmountSchema, SoldItemAnswer, amount_of
from payments.models import Payment, Receipt
from payments.receipts import receipt_pdf, refunds_on


class PdfRenderer(BaseRenderer):
    """Lets `Accept: application/pdf` be asked for. The file is made already; problems are JSON."""

    media_type = "application/pdf"
    format = "pdf"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return a problem as what its content type says it is."""
        return bytes(JSONRenderer().render(data))


class ReceiptRefund(serializers.Serializer[Any]):
    """Money that went back, or is on its way."""

    id = serializers.UUIDField(source="pk")
    state = serializers.CharField()
    amount = Amount()
    created_at = serializers.DateTimeField()


class ReceiptAnswer(serializers.Serializer[Receipt]):
    """What a receipt says now, refunds included; `url` is the payer's own page of it."""

    id = serializers.UUIDField(source="pk")
    reference = serializers.CharField()
    payment = serializers.UUIDField(source="payment_id")
    title = serializers.CharField(source="payment.checkout.title")
    seller = serializers.CharField(source="payment.tenant.name")
    paid_at = serializers.DateTimeField(source="payment.paid_at")
    items = SoldItemAnswer(many=True, source="payment.checkout.items")
    amount = Amount(source="payment.amount")
    refunds = serializers.SerializerMethodField()
    kept = serializers.SerializerMethodField()
    language = serializers.CharField()
    url = serializers.CharField()

    @extend_schema_field(ReceiptRefund(many=True))
    def get_refunds(self, receipt: Receipt) -> Any:
        """Return what went back, oldest first."""
        return ReceiptRefund(refunds_on(receipt.payment), many=True).data

    @extend_schema_field(AmountSchema)
    def get_kept(self, receipt: Receipt) -> dict[str, Any]:
        """Return what was paid, less what was sent back."""
        payment = receipt.payment
        back = (one.amount for one in refunds_on(payment))
        return amount_of(payment.amount - sum(back, Money.zero(payment.currency)))


class PaymentReceipt(ApiView):
    """The receipt of a payment that succeeded."""

    required_scopes = {"GET": "payments:read"}
    renderer_classes = (JSONRenderer, PdfRenderer)

    @extend_schema(
        responses={
            (200, "application/json"): ReceiptAnswer,
            (200, "application/pdf"): OpenApiTypes.BINARY,
        }
    )
    def get(self, request: Request, pk: UUID) -> Response | HttpResponse:
        """Return a receipt.

        With `Accept: application/pdf` it is a file.
        """
        receipt = _receipt_of(pk)
        if isinstance(request.accepted_renderer, PdfRenderer):
            return _file(receipt)
        return Response(ReceiptAnswer(receipt).data)


class PaymentReceiptFile(ApiView):
    """The receipt of a payment that succeeded, as a file."""

    required_scopes = {"GET": "payments:read"}

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Return a receipt as a PDF, in its payer's language."""
        return _file(_receipt_of(pk))


def _receipt_of(payment_id: UUID) -> Receipt:
    rows = Receipt.objects.select_related("payment__checkout", "payment__link", "payment__tenant")
    found = rows.filter(payment=payment_id).first()
    if found is not None:
        return found
    if Payment.objects.filter(pk=payment_id).exists():
        raise Problem(404, "no_receipt", "Only a payment that succeeded has a receipt.")
    raise Problem(404, "not_found", "There is no payment with this id.")


def _file(receipt: Receipt) -> HttpResponse:
    zone = receipt.payment.tenant.zone
    with translation.override(receipt.language), timezone.override(zone):
        data = receipt_pdf(receipt, language=receipt.language, locale=receipt.language)
    return file_answer(data, f"{receipt.reference}.pdf")
