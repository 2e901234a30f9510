"""What belongs to one organization: its plans, items, prepaid credit, alerts and limit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.base import OrganizationView, checked, key_of, key_told, pointing
from billing.api.catalogue import meter_named
from billing.api.fields import (
    AlertAnswer,
    AlertFields,
    AssignmentAnswer,
    AssignmentEnd,
    AssignmentFields,
    BalanceAnswer,
    ItemAnswer,
    ItemFields,
    LimitAnswer,
    LimitFields,
    WalletAnswer,
    WalletFields,
)
from billing.api.organizations import READ_WRITE
from billing.models import Alert, Assignment, OneOffItem, PlanVersion, WalletEntry
from billing.operations import wallet
from billing.operations.alerts import AlertEnded, end_alert, end_limit, set_alert, set_limit
from billing.operations.assignments import (
    NoPlanThen,
    PlanHeldAlready,
    assign_plan,
    end_assignment,
    switch_plan,
    withdraw_assignment,
)
from billing.operations.items import (
    ItemCancelled,
    ItemInvoiced,
    add_item,
    cancel_item,
)
from billing.operations.organizations import OrganizationClosed
from billing.operations.wallet import WalletTooLow
from billing.queries.limits import limit_state
from billing.queries.wallet import balance_of
from core.api.problems import FieldError, invalid, not_found


class AccountView(OrganizationView, GenericAPIView[Any]):
    """What all these views share."""

    required_scopes = READ_WRITE
    lookup_url_kwarg = "pk"  # `reference` is the organization's
    problems = {
        OrganizationClosed: (409, "organization_closed"),
        NoPlanThen: (409, "no_plan_then"),
        PlanHeldAlready: (409, "plan_held_already"),
        ItemInvoiced: (409, "item_invoiced"),
        ItemCancelled: (409, "item_cancelled"),
        WalletTooLow: (409, "wallet_too_low"),
        AlertEnded: (409, "alert_ended"),
    }

    def listed(self, rows: QuerySet[Any], serializer: Any) -> Response:
        """Return a page of rows, newest first."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(page or [], many=True).data)

    def one(self, rows: QuerySet[Any], reference: str, pk: UUID) -> Any:
        """Return one row of the organization, or 404."""
        found = rows.filter(organization=self.organization(reference), pk=pk).first()
        if found is None:
            raise not_found()
        return found


class AssignmentList(AccountView):
    """Plans of an organization."""

    queryset = Assignment.objects.none()  # for the description: each way in asks its own
    serializer_class = AssignmentAnswer
    idempotency = "accepted"

    @extend_schema(responses=AssignmentAnswer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """List which plans held and hold, newest first."""
        rows = Assignment.objects.select_related("version__plan")
        return self.listed(rows.filter(organization=self.organization(reference)), AssignmentAnswer)

    @extend_schema(request=AssignmentFields, responses={201: AssignmentAnswer})
    def post(self, request: Request, reference: str) -> Response:
        """Assign a published version, or switch to it with `replaces`; days may be past."""
        fields = checked(AssignmentFields(data=request.data))
        organization = self.organization(reference)
        if not PlanVersion.objects.filter(pk=fields["version"]).exists():
            words = "There is no version with this id."
            raise invalid(FieldError(words, code="unknown", pointer="#/version"))
        made = self._assigned(organization.pk, fields)
        return Response(AssignmentAnswer(made).data, status=201)

    def _assigned(self, organization_id: UUID, fields: dict[str, Any]) -> Assignment:
        shared = {
            "organization_id": organization_id, "version_id": fields["version"], "by": self.by,
            "now": self.now,
        }  # fmt: skip
        starts_on, ends_on = fields["starts_on"], fields.get("ends_on")
        if not fields.get("replaces"):
            with pointing():
                return assign_plan(**shared, starts_on=starts_on, ends_on=ends_on)
        if ends_on is not None:
            words = "It holds as long as the one it replaces; end it afterwards."
            raise invalid(FieldError(words, code="not_allowed", pointer="#/ends_on"))
        with pointing():
            return switch_plan(**shared, from_on=starts_on)


class AssignmentDetail(AccountView):
    """One plan of an organization."""

    @extend_schema(request=AssignmentEnd, responses=AssignmentAnswer)
    def patch(self, request: Request, reference: str, pk: UUID) -> Response:
        """End a plan before a day."""
        fields = checked(AssignmentEnd(data=request.data))
        self.one(Assignment.objects.all(), reference, pk)
        with pointing():
            ended = end_assignment(assignment_id=pk, now=self.now, **fields)
        return Response(AssignmentAnswer(ended).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, reference: str, pk: UUID) -> Response:
        """Take a plan back as if it had never held; the next run credits what was billed."""
        self.one(Assignment.objects.all(), reference, pk)
        withdraw_assignment(assignment_id=pk, now=self.now)
        return Response(status=204)


class ItemList(AccountView):
    """One-off items."""

    queryset = OneOffItem.objects.none()  # for the description: each way in asks its own
    serializer_class = ItemAnswer
    idempotency = "required"

    @extend_schema(responses=ItemAnswer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """List the one-off items, newest first."""
        rows = OneOffItem.objects.select_related("organization")
        return self.listed(rows.filter(organization=self.organization(reference)), ItemAnswer)

    @extend_schema(request=ItemFields, responses={201: ItemAnswer})
    def post(self, request: Request, reference: str) -> Response:
        """Add an amount to the next invoice; below zero it is a credit.

        The Idempotency-Key is kept with the item: it never becomes two, however late it is
        repeated.
        """
        fields = checked(ItemFields(data=request.data))
        organization = self.organization(reference)
        with pointing(), key_told():
            made = add_item(
                organization_id=organization.pk,
                idempotency_key=key_of(request),
                by=self.by,
                now=self.now,
                **fields,
            )
        made.refresh_from_db()
        return Response(ItemAnswer(made).data, status=201)


class ItemDetail(AccountView):
    """One one-off item."""

    @extend_schema(responses=ItemAnswer)
    def get(self, request: Request, reference: str, pk: UUID) -> Response:
        """Return a one-off item."""
        rows = OneOffItem.objects.select_related("organization")
        return Response(ItemAnswer(self.one(rows, reference, pk)).data)

    @extend_schema(responses=ItemAnswer)
    def delete(self, request: Request, reference: str, pk: UUID) -> Response:
        """Cancel an item that no invoice holds; it is kept, with the time of that."""
        self.one(OneOffItem.objects.all(), reference, pk)
        return Response(ItemAnswer(cancel_item(item_id=pk, now=self.now)).data)


class Wallet(AccountView):
    """Prepaid credit."""

    @extend_schema(responses=BalanceAnswer)
    def get(self, request: Request, reference: str) -> Response:
        """Return what is left of the prepaid credit."""
        organization = self.organization(reference)
        balance = balance_of(organization.pk)
        return Response(
            {
                "currency": organization.currency,
                "balance_minor": balance.balance_minor,
                "held_minor": balance.held_minor,
                "available_minor": balance.available_minor,
            }
        )


class WalletEntries(AccountView):
    """Movements of prepaid credit."""

    queryset = WalletEntry.objects.none()  # for the description: each way in asks its own
    serializer_class = WalletAnswer
    idempotency = "required"

    @extend_schema(responses=WalletAnswer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """List the movements, newest first."""
        rows = WalletEntry.objects.select_related("organization")
        return self.listed(rows.filter(organization=self.organization(reference)), WalletAnswer)

    @extend_schema(request=WalletFields, responses={201: WalletAnswer})
    def post(self, request: Request, reference: str) -> Response:
        """Enter what was paid ahead, grant credit, or take it back."""
        fields = checked(WalletFields(data=request.data))
        organization = self.organization(reference)
        with pointing(), key_told():
            made = _MOVES[fields.pop("kind")](
                organization_id=organization.pk,
                idempotency_key=key_of(request),
                by=self.by,
                **fields,
            )
        made.refresh_from_db()
        return Response(WalletAnswer(made).data, status=201)


_MOVES = {"top_up": wallet.top_up, "grant": wallet.grant, "withdrawn": wallet.withdraw}


class AlertList(AccountView):
    """Alerts."""

    queryset = Alert.objects.none()  # for the description: each way in asks its own
    serializer_class = AlertAnswer
    idempotency = "accepted"

    @extend_schema(responses=AlertAnswer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """List alerts and limits, ended ones too, newest first."""
        rows = Alert.objects.select_related("meter")
        return self.listed(rows.filter(organization=self.organization(reference)), AlertAnswer)

    @extend_schema(request=AlertFields, responses={201: AlertAnswer})
    def post(self, request: Request, reference: str) -> Response:
        """Set an alert; it is told once a period by webhook and on the portal."""
        fields = checked(AlertFields(data=request.data))
        organization = self.organization(reference)
        meter = meter_named(fields["meter"]).pk if fields.get("meter") else None
        with pointing():
            made = set_alert(
                organization_id=organization.pk,
                kind=fields["kind"],
                amount_minor=fields.get("amount_minor"),
                meter_id=meter,
                quantity=fields.get("quantity"),
                now=self.now,
            )
        made.refresh_from_db()
        return Response(AlertAnswer(made).data, status=201)


class AlertDetail(AccountView):
    """One alert."""

    @extend_schema(responses={204: None})
    def delete(self, request: Request, reference: str, pk: UUID) -> Response:
        """End an alert."""
        self.one(Alert.objects.all(), reference, pk)
        end_alert(alert_id=pk, now=self.now)
        return Response(status=204)


class Limit(AccountView):
    """The spend limit."""

    @extend_schema(responses=LimitAnswer)
    def get(self, request: Request, reference: str) -> Response:
        """Return the spend limit, and whether it is reached.

        Programs that gate usage ask `is_over_limit`.
        """
        return Response(limit_state(self.organization(reference), now=self.now))

    @extend_schema(request=LimitFields, responses=LimitAnswer)
    def put(self, request: Request, reference: str) -> Response:
        """Set the spend limit; null takes it away."""
        amount = checked(LimitFields(data=request.data))["amount_minor"]
        organization = self.organization(reference)
        with pointing():
            if amount is None:
                end_limit(organization_id=organization.pk, now=self.now)
            else:
                set_limit(organization_id=organization.pk, amount_minor=amount, now=self.now)
        return Response(limit_state(organization, now=self.now))
