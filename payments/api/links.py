"""Payment links for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, Problem, invalid
from core.api.versions import check_match, respond
from core.api.views import ApiView
from core.invalid import FieldsInvalid
from payments.api.filters import LinkFilters
from payments.api.serializers import (
    CheckoutAnswer,
    LinkAnswer,
    LinkFields,
    LinkTermsFields,
    LinkVersionAnswer,
)
from payments.models import Checkout, LinkTemplate, LinkVersion, PaymentLink
from payments.operations.links import (
    LinkInvalid,
    deactivate_link,
    edit_link,
    make_link,
    reactivate_link,
)
from payments.operations.templates import duplicate_link, make_link_from_template


def as_problem(error: FieldsInvalid) -> Problem:
    """Point at each field that the operation refused."""
    return invalid(
        *(
            FieldError(wrong.detail, code=wrong.code, pointer=f"#/{wrong.field}")
            for wrong in error.errors
        )
    )


class LinkView(ApiView, GenericAPIView[PaymentLink]):
    """What all views of links share."""

    queryset = PaymentLink.objects.all()
    serializer_class = LinkAnswer

    def answer(self, request: Request, link: PaymentLink, status: int = 200) -> Response:
        """Return a link with its ETag."""
        link.refresh_from_db(fields=["created_at", "updated_at"])
        return respond(request, link, LinkAnswer(link, context={"now": self.now}).data, status)

    def lock(self, link_id: UUID) -> PaymentLink:
        """Return the link, locked, for a change that the caller's `If-Match` allows."""
        rows = PaymentLink.objects.select_for_update().filter(pk=link_id)
        link = self.get_object_from(rows)
        check_match(self.request, link)
        return link

    def get_object_from(self, rows: QuerySet[PaymentLink]) -> PaymentLink:
        """Return the one row, or 404 alike for unknown and foreign ones."""
        link = rows.first()
        if link is None:
            raise Problem(404, "not_found", "There is no payment link with this id.")
        return link


class LinkList(LinkView):
    """List and make payment links."""

    filterset_class = LinkFilters
    idempotency = "accepted"
    required_scopes = {"GET": "links:read", "POST": "links:write"}

    @extend_schema(responses=LinkAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List payment links, newest first."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        rows = LinkAnswer(page, many=True, context={"now": self.now})
        return self.get_paginated_response(rows.data)

    @extend_schema(request=LinkFields, responses={201: LinkAnswer})
    def post(self, request: Request) -> Response:
        """Make a payment link; its `url` is what the customer opens."""
        fields = LinkFields(data=request.data)
        fields.is_valid(raise_exception=True)
        try:
            link = self._make(dict(fields.validated_data))
        except LinkInvalid as error:
            raise as_problem(error) from error
        return self.answer(request, link, status=201)

    def _make(self, fields: dict[str, Any]) -> PaymentLink:
        template_id = fields.pop("template", None)
        if template_id is None:
            return make_link(by=self.by, now=self.now, **fields)
        try:
            return make_link_from_template(
                template_id=template_id, fields=fields, by=self.by, now=self.now
            )
        except LinkTemplate.DoesNotExist as error:
            words = "There is no template with this id."
            raise invalid(FieldError(words, code="unknown", pointer="#/template")) from error


class LinkDetail(LinkView):
    """One payment link."""

    required_scopes = {"GET": "links:read", "PATCH": "links:write"}

    @extend_schema(responses=LinkAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a payment link."""
        return self.answer(request, self.get_object_from(PaymentLink.objects.filter(pk=pk)))

    @extend_schema(request=LinkTermsFields(partial=True), responses=LinkAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Edit a payment link; what it said before stays as a version."""
        fields = LinkTermsFields(data=request.data, partial=True)
        fields.is_valid(raise_exception=True)
        self.lock(pk)
        try:
            link = edit_link(
                link_id=pk, changes=fields.validated_data, version=None, by=self.by, now=self.now
            )
        except LinkInvalid as error:
            raise as_problem(error) from error
        return self.answer(request, link)


class LinkDeactivate(LinkView):
    """Switch a payment link off."""

    required_scopes = {"POST": "links:write"}

    @extend_schema(request=None, responses=LinkAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Switch off a payment link; what is open at Stripe for it is closed."""
        self.lock(pk)
        return self.answer(request, deactivate_link(link_id=pk, now=self.now))


class LinkActivate(LinkView):
    """Switch a payment link on again."""

    required_scopes = {"POST": "links:write"}

    @extend_schema(request=None, responses=LinkAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Switch a payment link on again."""
        self.lock(pk)
        return self.answer(request, reactivate_link(link_id=pk, now=self.now))


class LinkDuplicate(LinkView):
    """Make another link like one."""

    idempotency = "accepted"
    required_scopes = {"POST": "links:write"}

    @extend_schema(request=None, responses={201: LinkAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Make a payment link that says the same; moments that have passed are left out."""
        self.get_object_from(PaymentLink.objects.filter(pk=pk))
        try:
            link = duplicate_link(link_id=pk, by=self.by, now=self.now)
        except LinkInvalid as error:
            raise as_problem(error) from error
        return self.answer(request, link, status=201)


class LinkVersions(LinkView):
    """What a payment link said over time."""

    lookup_url_kwarg = "number"  # `pk` is the link's: this is a list, with pages
    serializer_class = LinkVersionAnswer  # type: ignore[assignment]
    required_scopes = {"GET": "links:read"}

    @extend_schema(responses=LinkVersionAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List the versions of a payment link, newest first."""
        self.get_object_from(PaymentLink.objects.filter(pk=pk))
        rows = LinkVersion.objects.filter(link_id=pk).select_related("made_by")
        page = self.paginate_queryset(rows)  # type: ignore[arg-type]
        return self.get_paginated_response(LinkVersionAnswer(page or [], many=True).data)  # type: ignore[arg-type]


class LinkCheckouts(LinkView):
    """The tries to pay a link."""

    lookup_url_kwarg = "checkout"  # `pk` is the link's: this is a list, with pages
    serializer_class = CheckoutAnswer  # type: ignore[assignment]
    required_scopes = {"GET": "links:read"}

    @extend_schema(responses=CheckoutAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List the tries to pay a link, newest first; a failed one has its reason."""
        self.get_object_from(PaymentLink.objects.filter(pk=pk))
        tries = Checkout.objects.filter(link_id=pk).select_related("link_version")
        page = self.paginate_queryset(tries)  # type: ignore[arg-type]
        rows = CheckoutAnswer(page or [], many=True)  # type: ignore[arg-type]
        return self.get_paginated_response(rows.data)
