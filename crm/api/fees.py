"""The application fee for programs."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api.views import CrmView
from crm.models import Application
from crm.operations.fees import NoFee, ask_for_fee
from crm.queries.fees import FeeStanding, FeeState, fee_standings
from payments.api.serializers import Amount


class FeeAnswer(serializers.Serializer[FeeStanding]):
    """The fee of an application and how it stands."""

    application_id = serializers.UUIDField(source="application.pk")
    amount = Amount(help_text="What was paid, or what is asked for; null: no fee.")
    state = serializers.ChoiceField(choices=FeeState.choices)
    words = serializers.CharField(help_text="The state for people.")
    reason = serializers.CharField(help_text="Why it is not paid; empty if nothing went wrong.")
    url = serializers.CharField(
        source="application.fee_url", help_text="Where the applicant pays; empty until asked for."
    )
    payment_request_id = serializers.UUIDField(source="request.pk", allow_null=True, default=None)
    stripe_session_id = serializers.CharField(
        source="checkout.stripe_session_id", allow_null=True, default=None
    )
    payment_id = serializers.UUIDField(source="payment.pk", allow_null=True, default=None)
    method = serializers.CharField(source="request.method", default="")
    paid_at = serializers.DateTimeField(source="request.paid_at", allow_null=True, default=None)


class ApplicationFee(CrmView):
    """The fee of one application."""

    queryset = Application.objects.select_related("lead")
    serializer_class = FeeAnswer
    problems = {**CrmView.problems, NoFee: (409, "no_fee")}
    required_scopes = {"GET": "leads:read", "POST": "leads:write"}

    @extend_schema(responses=FeeAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return how the fee of an application stands."""
        return self.answer(pk)

    @extend_schema(request=None, responses=FeeAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Ask for the fee; `url` is what the applicant opens. Repeating changes nothing."""
        ask_for_fee(application_id=pk, by=self.actor, now=self.now)
        return self.answer(pk)

    def answer(self, pk: UUID) -> Response:
        """Return the fee as it stands now."""
        [standing] = fee_standings([self.one(self.get_queryset(), pk)])
        return Response(FeeAnswer(standing).data)
