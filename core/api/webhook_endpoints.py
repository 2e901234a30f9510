"""Where events are sent, for programs: endpoints, their secrets, and what became of each event."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, Problem, invalid, not_found
from core.api.serializers import StrictSerializer
from core.api.versions import check_match, respond
from core.api.views import ApiView
from core.invalid import FieldsInvalid
from core.models import WebhookDelivery, WebhookEndpoint
from core.models.webhook import LONGEST_URL
from core.operations.outgoing import (
    DeliveryUnderWay,
    EndpointOff,
    announce_test,
    replay_delivery,
)
from core.operations.webhook_endpoints import (
    TooManyEndpoints,
    change_endpoint,
    delete_endpoint,
    make_endpoint,
    roll_secret,
)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two types",
            value={
                "url": "https://example.com/hooks",
                "event_types": ["invoice.finalized", "invoice.paid"],
            },
            request_only=True,
        )
    ]
)
class EndpointFields(StrictSerializer):
    """What can be said of an endpoint. No `event_types`: all of them."""

    url = serializers.CharField(max_length=LONGEST_URL, help_text="https, public internet.")
    event_types = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=100, required=False
    )
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)


class EndpointChanges(EndpointFields):
    """What can be changed of an endpoint."""

    is_active = serializers.BooleanField(required=False)


class EndpointAnswer(serializers.ModelSerializer[WebhookEndpoint]):
    """An endpoint, without its secret."""

    class Meta:
        model = WebhookEndpoint
        fields = (
            "id", "url", "description", "event_types", "is_active", "off_reason",
            "failing_since", "former_secret_until", "created_at", "updated_at",
        )  # fmt: skip


class EndpointSecretAnswer(EndpointAnswer):
    """An endpoint with its secret, which is shown this once."""

    class Meta(EndpointAnswer.Meta):
        fields = (*EndpointAnswer.Meta.fields, "secret")  # type: ignore[assignment]


class DeliveryAnswer(serializers.ModelSerializer[WebhookDelivery]):
    """What became of one event at one endpoint."""

    webhook_id = serializers.CharField(source="message.reference")
    event_type = serializers.CharField(source="message.event_type")
    subject = serializers.CharField(source="message.subject")
    happened_at = serializers.DateTimeField(source="message.happened_at")
    body = serializers.CharField(source="message.body")

    class Meta:
        model = WebhookDelivery
        fields = (
            "id", "webhook_id", "event_type", "subject", "happened_at", "state", "attempts",
            "next_at", "last_status", "last_answer", "tried_at", "delivered_at", "body",
        )  # fmt: skip


def as_problem(error: FieldsInvalid) -> Problem:
    """Point at each field that the operation refused."""
    return invalid(
        *(FieldError(e.detail, code=e.code, pointer=f"#/{e.field}") for e in error.errors)
    )


class EndpointView(ApiView, GenericAPIView[WebhookEndpoint]):
    """What all views of endpoints share."""

    queryset = WebhookEndpoint.objects.all()
    serializer_class: Any = EndpointAnswer
    problems = {
        EndpointOff: (409, "endpoint_off"),
        DeliveryUnderWay: (409, "delivery_under_way"),
        TooManyEndpoints: (409, "too_many_endpoints"),
    }

    def found(self, pk: UUID, *, lock: bool = False) -> WebhookEndpoint:
        """Return the endpoint, locked for a change that `If-Match` allows; 404 otherwise."""
        rows = WebhookEndpoint.objects.all()
        endpoint = (rows.select_for_update() if lock else rows).filter(pk=pk).first()
        if endpoint is None:
            raise not_found()
        if lock:
            check_match(self.request, endpoint)
        return endpoint

    def answer(self, endpoint: WebhookEndpoint, status: int = 200, **shown: bool) -> Response:
        """Return an endpoint with its ETag."""
        endpoint.refresh_from_db()
        made = EndpointSecretAnswer if shown.get("with_secret") else EndpointAnswer
        return respond(self.request, endpoint, made(endpoint).data, status)


class EndpointList(EndpointView):
    """List and make endpoints."""

    required_scopes = {"GET": "webhooks:read", "POST": "webhooks:write"}

    @extend_schema(responses=EndpointAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the endpoints that are told of events, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(EndpointAnswer(page or [], many=True).data)

    # No Idempotency-Key: the stored answer would hold the secret; an address is there once anyway.
    @extend_schema(request=EndpointFields, responses={201: EndpointSecretAnswer})
    def post(self, request: Request) -> Response:
        """Have an address told of events; the answer shows its `secret` this once.

        What is sent is signed as Standard Webhooks has it.
        """
        fields = EndpointFields(data=request.data)
        fields.is_valid(raise_exception=True)
        try:
            endpoint = make_endpoint(**fields.validated_data)
        except FieldsInvalid as error:
            raise as_problem(error) from error
        return self.answer(endpoint, 201, with_secret=True)


class EndpointDetail(EndpointView):
    """One endpoint."""

    required_scopes = {
        "GET": "webhooks:read", "PATCH": "webhooks:write", "DELETE": "webhooks:write",
    }  # fmt: skip

    @extend_schema(responses=EndpointAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return an endpoint."""
        return self.answer(self.found(pk))

    @extend_schema(request=EndpointChanges(partial=True), responses=EndpointAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Change an endpoint, or switch it off and on."""
        fields = EndpointChanges(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        self.found(pk, lock=True)
        try:
            return self.answer(change_endpoint(endpoint_id=pk, changes=fields.validated_data))
        except FieldsInvalid as error:
            raise as_problem(error) from error

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete an endpoint with the log of what was sent to it."""
        self.found(pk, lock=True)
        delete_endpoint(endpoint_id=pk)
        return Response(status=204)


class EndpointRoll(EndpointView):
    """A new secret."""

    required_scopes = {"POST": "webhooks:write"}

    @extend_schema(request=None, responses=EndpointSecretAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Replace the secret; for 24 hours the former one signs as well."""
        self.found(pk, lock=True)
        return self.answer(roll_secret(endpoint_id=pk, now=self.now), with_secret=True)


class EndpointTest(EndpointView):
    """A try."""

    required_scopes = {"POST": "webhooks:write"}

    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, pk: UUID) -> Response:
        """Send `webhook.test` to this endpoint; `deliveries` shows what it answered."""
        self.found(pk)
        announce_test(endpoint_id=pk, now=self.now)
        return Response(status=202)


class EndpointDeliveries(EndpointView):
    """What was sent."""

    lookup_url_kwarg = "delivery"  # `pk` is the endpoint's: this is a list, with pages
    serializer_class = DeliveryAnswer
    required_scopes = {"GET": "webhooks:read"}

    @extend_schema(responses=DeliveryAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List what was sent to an endpoint, newest first."""
        self.found(pk)
        rows = WebhookDelivery.objects.filter(endpoint_id=pk).select_related("message")
        page = self.paginate_queryset(rows)  # type: ignore[arg-type]
        return self.get_paginated_response(DeliveryAnswer(page or [], many=True).data)  # type: ignore[arg-type]


class DeliveryReplay(EndpointView):
    """Once more."""

    required_scopes = {"POST": "webhooks:write"}

    @extend_schema(request=None, responses={202: DeliveryAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Send an event once more, with the same `webhook-id`."""
        if not WebhookDelivery.objects.filter(pk=pk).exists():
            raise not_found()
        delivery = replay_delivery(delivery_id=pk, now=self.now)
        return Response(DeliveryAnswer(delivery).data, status=202)
