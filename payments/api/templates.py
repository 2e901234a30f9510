"""Templates of payment links for programs."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, Problem, invalid
from core.api.versions import check_match, respond
from core.api.views import ApiView
from payments.api.links import as_problem
from payments.api.serializers import LinkTemplateAnswer, LinkTemplateFields
from payments.models import LinkTemplate, PaymentLink
from payments.operations.templates import TemplateInvalid, delete_template, save_template


class TemplateView(ApiView, GenericAPIView[LinkTemplate]):
    """What all views of templates share."""

    queryset = LinkTemplate.objects.all()
    serializer_class = LinkTemplateAnswer

    def template(self, pk: UUID, *, lock: bool = False) -> LinkTemplate:
        """Return one template, or 404 alike for unknown and foreign ones."""
        rows = LinkTemplate.objects.select_for_update() if lock else LinkTemplate.objects.all()
        found = rows.filter(pk=pk).first()
        if found is None:
            raise Problem(404, "not_found", "There is no template with this id.")
        return found


class TemplateList(TemplateView):
    """List and save templates."""

    idempotency = "accepted"
    required_scopes = {"GET": "links:read", "POST": "links:write"}

    @extend_schema(responses=LinkTemplateAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List templates, newest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response(LinkTemplateAnswer(page, many=True).data)

    @extend_schema(request=LinkTemplateFields, responses={201: LinkTemplateAnswer})
    def post(self, request: Request) -> Response:
        """Keep what a link says as a template; moments and customers are left out."""
        fields = LinkTemplateFields(data=request.data)
        fields.is_valid(raise_exception=True)
        asked = fields.validated_data
        try:
            template = save_template(
                link_id=asked["link"], name=asked["name"], by=self.by, now=self.now
            )
        except PaymentLink.DoesNotExist as error:
            words = "There is no payment link with this id."
            raise invalid(FieldError(words, code="unknown", pointer="#/link")) from error
        except TemplateInvalid as error:
            raise as_problem(error) from error
        return respond(request, template, LinkTemplateAnswer(template).data, 201)


class TemplateDetail(TemplateView):
    """One template."""

    required_scopes = {"GET": "links:read", "DELETE": "links:write"}

    @extend_schema(responses=LinkTemplateAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a template."""
        template = self.template(pk)
        return respond(request, template, LinkTemplateAnswer(template).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Forget a template; links made from it stay."""
        check_match(request, self.template(pk, lock=True))
        delete_template(template_id=pk)
        return Response(status=204)
