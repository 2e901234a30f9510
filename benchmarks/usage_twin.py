"""The endpoint for usage events as REST framework alone would have it, on the same operation."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from billing.operations.usage import Sent, record_usage
from core.api.views import ApiView


class Fields(serializers.Serializer[Any]):
    """One event."""

    idempotency_key = serializers.CharField(max_length=200)
    organization = serializers.CharField(max_length=64)
    meter = serializers.CharField(max_length=64)
    quantity = serializers.DecimalField(max_digits=27, decimal_places=12)
    time = serializers.DateTimeField()
    dimensions = serializers.DictField(child=serializers.CharField(max_length=200), default=dict)


class VerdictFields(serializers.Serializer[Any]):
    """One verdict."""

    index = serializers.IntegerField()
    idempotency_key = serializers.CharField()
    verdict = serializers.CharField()


class UsageSerialized(ApiView):
    """The same batch, read and answered by serializers."""

    required_scopes: ClassVar = {"POST": "usage:write"}
    parser_classes: ClassVar = [JSONParser]
    opens_scope = False

    def post(self, request: Request) -> Response:
        """Store a batch."""
        form = Fields(data=request.data, many=True)
        form.is_valid(raise_exception=True)
        events = [
            Sent(
                row["idempotency_key"], row["organization"], row["meter"], row["quantity"],
                row["time"], row["dimensions"],
            )
            for row in form.validated_data
        ]  # fmt: skip
        found = record_usage(tenant_id=self.tenant.pk, events=events, now=self.now)
        return Response({"results": VerdictFields(found, many=True).data})
