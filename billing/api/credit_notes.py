"""Credit notes for programs: issued for an invoice, listed, voided."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.base import checked, key_of
from billing.api.organizations import READ_WRITE
from billing.models import CreditNote, CreditNoteLine, Invoice
from billing.operations.credit_notes import (
    AlreadyVoid,
    AmountInvalid,
    CreditIsUsed,
    CreditTooLarge,
    KeyUsedOtherwise,
    NotCreditable,
    NothingLeft,
    RefundIsOut,
    Take,
    UnknownLine,
    issue_credit_note,
    void_credit_note,
)
from billing.queries.credits import tax_share
from core.api.problems import FieldError, Problem, invalid, not_found
from core.api.serializers import StrictSerializer
from core.api.views import ApiView

LARGEST = 2**63 - 1
MOST_LINES = 1000


class TakeFields(StrictSerializer):
    """What to take back of one line, before exclusive tax; all that is left without an amount."""

    line = serializers.UUIDField()
    amount_minor = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)


class CreditNoteFields(StrictSerializer):
    """A credit note: of an amount with its tax, or of lines; of all that is left without both."""

    amount_minor = serializers.IntegerField(min_value=1, max_value=LARGEST, required=False)
    # None at all would otherwise mean all that is left.
    lines = TakeFields(
        many=True,
        required=False,
        allow_empty=False,  # type: ignore[call-arg]  # both are of the list, not of one of it
        max_length=MOST_LINES,
    )
    reason = serializers.CharField(max_length=300)
    settled_by = serializers.ChoiceField(choices=CreditNote.Settled.choices)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take an amount or lines, not both."""
        if "amount_minor" in attrs and "lines" in attrs:
            raise serializers.ValidationError(
                {"amount_minor": "Send an amount or lines, not both."}
            )
        return attrs


class CreditNoteLineAnswer(serializers.ModelSerializer[CreditNoteLine]):
    """What was taken back of one line, or of the whole invoice without one."""

    class Meta:
        model = CreditNoteLine
        fields = ["line", "description", "amount_minor"]


class CreditNoteAnswer(serializers.ModelSerializer[CreditNote]):
    """A credit note. `tax_minor` is the tax within its amount."""

    lines = CreditNoteLineAnswer(many=True)
    tax_minor = serializers.SerializerMethodField()

    class Meta:
        model = CreditNote
        fields = [
            "id",
            "number",
            "invoice",
            "state",
            "amount_minor",
            "tax_minor",
            "currency",
            "reason",
            "settled_by",
            "issued_on",
            "voided_at",
            "content_sha256",
            "created_at",
            "lines",
        ]

    def get_tax_minor(self, note: CreditNote) -> int:
        """Return the tax within the amount, in minor units."""
        return tax_share(note.invoice, note.amount_minor)


class CreditNotes(ApiView, GenericAPIView[CreditNote]):
    """The credit notes of an invoice."""

    queryset = CreditNote.objects.all()
    lookup_url_kwarg = "note"  # `pk` is the invoice's
    serializer_class = CreditNoteAnswer
    idempotency = "required"
    required_scopes = READ_WRITE
    problems = {NotCreditable: (409, "not_creditable"), NothingLeft: (409, "nothing_left")}

    @extend_schema(responses=CreditNoteAnswer(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """List the credit notes of an invoice, newest first."""
        rows = CreditNote.objects.filter(invoice=_invoice(pk)).select_related("invoice")
        page = self.paginate_queryset(rows.prefetch_related("lines"))
        return self.get_paginated_response(CreditNoteAnswer(page or [], many=True).data)

    @extend_schema(request=CreditNoteFields, responses={201: CreditNoteAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Take back part of an invoice, or all of it; never more than is left."""
        fields = checked(CreditNoteFields(data=request.data))
        takes = [Take(one["line"], one.get("amount_minor")) for one in fields.get("lines", ())]
        _invoice(pk)
        try:
            note = issue_credit_note(
                invoice_id=pk,
                settled_by=fields["settled_by"],
                reason=fields["reason"],
                key=key_of(request),
                by=self.by,
                now=self.now,
                amount_minor=fields.get("amount_minor"),
                lines=takes,
            )
        except (CreditTooLarge, AmountInvalid, UnknownLine) as error:
            raise invalid(_pointed(error, takes)) from error
        except KeyUsedOtherwise as error:
            wrong = FieldError(str(error), code="key_reused", header="Idempotency-Key")
            raise Problem(422, "key_reused", str(error), errors=[wrong]) from error
        return Response(CreditNoteAnswer(note).data, status=201)


class CreditNoteVoid(ApiView):
    """Void a credit note."""

    idempotency = "required"
    required_scopes = READ_WRITE
    problems = {
        AlreadyVoid: (409, "already_void"),
        RefundIsOut: (409, "refund_is_out"),
        CreditIsUsed: (409, "credit_is_used"),
    }

    @extend_schema(request=None, responses=CreditNoteAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Take a credit note back; its number stays."""
        if not CreditNote.objects.filter(pk=pk).exists():
            raise not_found()
        note = void_credit_note(note_id=pk, by=self.by, now=self.now)
        return Response(CreditNoteAnswer(note).data)


def _invoice(pk: UUID) -> Invoice:
    found = Invoice.objects.filter(pk=pk).first()
    if found is None:
        raise not_found()
    return found


def _pointed(error: ValueError, takes: list[Take]) -> FieldError:
    code = {CreditTooLarge: "credit_too_large", AmountInvalid: "amount_invalid"}.get(
        type(error), "unknown_line"
    )
    line_id = getattr(error, "line_id", None)
    places = [number for number, take in enumerate(takes) if take.line_id == line_id]
    where = f"#/lines/{places[-1]}" if places else ("#/lines" if takes else "#/amount_minor")
    return FieldError(str(error), code=code, pointer=where)
