"""Payments and refunds for programs."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, Problem, invalid
from core.api.views import ApiView
from payments.api.filters import PaymentFilters
from payments.api.serializers import (
    DecisionFields,
    PaymentAnswer,
    RefundAnswer,
    RefundFields,
)
from payments.models import Payment, Refund
from payments.operations.decisions import NothingToDecide, keep_payment, return_payment
from payments.operations.refunds import (
    NotRefundable,
    PaymentDisputed,
    RefundTooLarge,
    request_refund,
)


class PaymentView(ApiView, GenericAPIView[Payment]):
    """What all views of payments share."""

    queryset = Payment.objects.all()
    serializer_class = PaymentAnswer

    def get_queryset(self) -> QuerySet[Payment]:
        """Return payments with what their answer shows."""
        return Payment.objects.select_related("checkout__link_version")

    def payment(self, pk: UUID) -> Payment:
        """Return one payment, or 404 alike for unknown and foreign ones."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise Problem(404, "not_found", "There is no payment with this id.")
        return found


class PaymentList(PaymentView):
    """List payments."""

    filterset_class = PaymentFilters
    required_scopes = {"GET": "payments:read"}

    @extend_schema(responses=PaymentAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List payments, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(PaymentAnswer(page, many=True).data)


class PaymentDetail(PaymentView):
    """One payment."""

    required_scopes = {"GET": "payments:read"}

    @extend_schema(responses=PaymentAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a payment."""
        return Response(PaymentAnswer(self.payment(pk)).data)


class PaymentRefunds(PaymentView):
    """The refunds of a payment."""

    lookup_url_kwarg = "refund"  # `pk` is the payment's: this is a list, with pages
    serializer_class = RefundAnswer  # type: ignore[assignment]
    idempotency = "required"
    required_scopes = {"GET": "payments:read", "POST": "payments:refund"}
    problems = {
        PaymentDisputed: (409, "payment_disputed"),
        NotRefundable: (409, "not_refundable"),
    }

    @extend_schema(responses=RefundAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List the refunds of a payment, newest first."""
        page = self.paginate_queryset(Refund.objects.filter(payment=self.payment(pk)))  # type: ignore[arg-type]
        rows = RefundAnswer(page or [], many=True)  # type: ignore[arg-type]
        return self.get_paginated_response(rows.data)

    @extend_schema(request=RefundFields, responses={201: RefundAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Ask for a refund, whole or part; a worker sends it, its `state` says how far it is."""
        fields = RefundFields(data=request.data)
        fields.is_valid(raise_exception=True)
        self.payment(pk)
        asked = {"amount_minor": None, "reason": "", **fields.validated_data}
        try:
            refund = request_refund(payment_id=pk, by=self.by, now=self.now, **asked)
        except RefundTooLarge as error:
            wrong = FieldError(str(error), code="refund_too_large", pointer="#/amount_minor")
            raise invalid(wrong) from error
        return Response(RefundAnswer(refund).data, status=201)


class PaymentDecision(PaymentView):
    """What becomes of money that came late, twice or not as asked for."""

    idempotency = "required"
    required_scopes = {"POST": "payments:refund"}
    problems = {
        NothingToDecide: (409, "nothing_to_decide"),
        RefundTooLarge: (409, "refund_under_way"),
        PaymentDisputed: (409, "payment_disputed"),
    }

    @extend_schema(request=DecisionFields, responses=PaymentAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Keep or refund a payment that waits for a decision."""
        fields = DecisionFields(data=request.data)
        fields.is_valid(raise_exception=True)
        self.payment(pk)
        decide = keep_payment if fields.validated_data["decision"] == "keep" else return_payment
        decide(payment_id=pk, by=self.by, now=self.now)
        return Response(PaymentAnswer(self.payment(pk)).data)
