"""Links by e-mail, for programs."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.problems import FieldError, invalid
from core.api.serializers import StrictSerializer
from core.models import Letter
from payments.api.links import LinkView
from payments.models import PaymentLink
from payments.operations.sharing import (
    LONGEST_MESSAGE,
    MOST_ADDRESSES,
    MOST_DAYS,
    LinkNotShareable,
    Sharing,
    SharingInvalid,
    share_link,
)


class SharingFields(StrictSerializer):
    """To whom a link is sent. Each address gets a letter of its own."""

    emails = serializers.ListField(
        child=serializers.CharField(max_length=254), min_length=1, max_length=MOST_ADDRESSES
    )
    message = serializers.CharField(
        max_length=LONGEST_MESSAGE, required=False, allow_blank=True, style={"multiline": True}
    )
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)
    days_after = serializers.ListField(
        child=serializers.IntegerField(),
        max_length=MOST_DAYS,
        required=False,
        help_text="Remind so many days after today, unless it is paid by then.",
    )
    days_before = serializers.ListField(
        child=serializers.IntegerField(),
        max_length=MOST_DAYS,
        required=False,
        help_text="Remind so many days before the link ends.",
    )


class LetterAnswer(serializers.ModelSerializer[Letter]):
    """An e-mail with a link; `to` is null once the address is no longer kept."""

    to = serializers.SerializerMethodField()

    class Meta:
        model = Letter
        fields = ("id", "kind", "to", "language", "state", "last_error", "sent_at", "created_at")

    def get_to(self, letter: Letter) -> str | None:
        """Return the address while it is kept."""
        return letter.to or None


class LinkLetters(LinkView):
    """The e-mails by which a link was sent, and reminders of it."""

    lookup_url_kwarg = "letter"  # `pk` is the link's: this is a list, with pages
    serializer_class = LetterAnswer  # type: ignore[assignment]
    idempotency = "accepted"
    required_scopes = {"GET": "links:read", "POST": "links:write"}
    problems = {LinkNotShareable: (409, "link_not_shareable")}

    @extend_schema(responses=LetterAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List what was sent of a link, newest first."""
        self.get_object_from(PaymentLink.objects.filter(pk=pk))
        return self._letters(pk)

    @extend_schema(request=SharingFields, responses={201: LetterAnswer(many=True)})
    def post(self, request: Request, pk: UUID) -> Response:
        """Send a link by e-mail; the answer lists the letters that were written.

        Who got a letter of this link today gets no second one, and is not listed.
        """
        fields = SharingFields(data=request.data)
        fields.is_valid(raise_exception=True)
        self.get_object_from(PaymentLink.objects.filter(pk=pk))
        sharing = Sharing(**fields.validated_data)
        try:
            shared = share_link(link_id=pk, sharing=sharing, by=self.by, now=self.now)
        except SharingInvalid as error:
            wrong = [
                FieldError(e.detail, code=e.code, pointer=f"#/{e.field}") for e in error.errors
            ]
            raise invalid(*wrong) from error
        for letter in shared.letters:
            letter.refresh_from_db(fields=["created_at"])
        return Response(LetterAnswer(shared.letters, many=True).data, status=201)

    def _letters(self, pk: UUID) -> Response:
        rows = Letter.objects.filter(kind__startswith="link_", subject_id=pk)
        page = self.paginate_queryset(rows)  # type: ignore[arg-type]
        return self.get_paginated_response(LetterAnswer(page or [], many=True).data)  # type: ignore[arg-type]
