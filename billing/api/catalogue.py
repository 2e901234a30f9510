"""Meters, tax rates, plans, versions, prices and fees for programs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.base import as_uuid, checked, find, pointing
from billing.api.fields import (
    FeeFields,
    MeterAnswer,
    MeterChanges,
    MeterFields,
    NewPriceFields,
    PlanAnswer,
    PlanFields,
    PlanName,
    PriceAnswer,
    PriceChangeFields,
    PriceEndFields,
    RecurringFeeAnswer,
    TaxRateAnswer,
    TaxRateFields,
    TaxRateName,
    VersionAnswer,
    VersionFields,
)
from billing.api.organizations import READ_WRITE
from billing.models import Meter, Plan, PlanVersion, Price, RecurringFee, TaxRate
from billing.operations.meters import change_meter, make_meter
from billing.operations.plans import (
    VersionEmpty,
    VersionPublished,
    add_fee,
    discard_version,
    draft_version,
    make_plan,
    publish_version,
    remove_fee,
    rename_plan,
)
from billing.operations.prices import (
    PriceMissing,
    PriceTerms,
    TierTerms,
    VersionNotPublished,
    change_price,
    end_price,
    remove_price,
    set_price,
)
from billing.operations.tax_rates import (
    TaxRateInUse,
    delete_tax_rate,
    make_tax_rate,
    rename_tax_rate,
)
from billing.rating import ZERO
from core.api.problems import FieldError, invalid, not_found
from core.api.views import ApiView


class CatalogueView(ApiView, GenericAPIView[Any]):
    """What all these views share."""

    required_scopes = READ_WRITE
    problems = {
        VersionPublished: (409, "version_published"),
        VersionNotPublished: (409, "version_not_published"),
        VersionEmpty: (409, "version_empty"),
        PriceMissing: (409, "price_missing"),
        TaxRateInUse: (409, "tax_rate_in_use"),
    }

    def listed(self, rows: QuerySet[Any], serializer: Any) -> Response:
        """Return a page of rows, newest first."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(page or [], many=True).data)


class MeterList(CatalogueView):
    """List and make meters."""

    queryset = Meter.objects.all()
    serializer_class = MeterAnswer
    idempotency = "accepted"

    @extend_schema(responses=MeterAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the meters, newest first."""
        return self.listed(self.get_queryset(), MeterAnswer)

    @extend_schema(request=MeterFields, responses={201: MeterAnswer})
    def post(self, request: Request) -> Response:
        """Make a meter; how it counts is fixed once there is usage."""
        fields = checked(MeterFields(data=request.data))
        with pointing():
            made = make_meter(**fields)
        made.refresh_from_db()
        return Response(MeterAnswer(made).data, status=201)


class MeterDetail(CatalogueView):
    """One meter."""

    lookup_url_kwarg = "reference"

    @extend_schema(responses=MeterAnswer)
    def get(self, request: Request, reference: str) -> Response:
        """Return a meter."""
        return Response(MeterAnswer(find(Meter.objects.all(), reference)).data)

    @extend_schema(request=MeterChanges(partial=True), responses=MeterAnswer)
    def patch(self, request: Request, reference: str) -> Response:
        """Change a meter, or archive it."""
        fields = checked(MeterChanges(data=request.data, partial=True))
        found = find(Meter.objects.all(), reference)
        with pointing():
            changed = change_meter(meter_id=found.pk, changes=fields)
        changed.refresh_from_db()
        return Response(MeterAnswer(changed).data)


class TaxRateList(CatalogueView):
    """List and make tax rates."""

    queryset = TaxRate.objects.all()
    serializer_class = TaxRateAnswer
    idempotency = "accepted"

    @extend_schema(responses=TaxRateAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the tax rates, newest first."""
        return self.listed(self.get_queryset(), TaxRateAnswer)

    @extend_schema(request=TaxRateFields, responses={201: TaxRateAnswer})
    def post(self, request: Request) -> Response:
        """Make a tax rate; its percentage never changes."""
        fields = checked(TaxRateFields(data=request.data))
        with pointing():
            made = make_tax_rate(**fields)
        made.refresh_from_db()
        return Response(TaxRateAnswer(made).data, status=201)


class TaxRateDetail(CatalogueView):
    """One tax rate."""

    lookup_url_kwarg = "pk"

    @extend_schema(request=TaxRateName, responses=TaxRateAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Give a tax rate another name."""
        fields = checked(TaxRateName(data=request.data))
        _must_be_there(TaxRate, pk)
        with pointing():
            return Response(TaxRateAnswer(rename_tax_rate(tax_rate_id=pk, **fields)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Delete a tax rate that nothing uses."""
        _must_be_there(TaxRate, pk)
        delete_tax_rate(tax_rate_id=pk)
        return Response(status=204)


class PlanList(CatalogueView):
    """List and make plans."""

    queryset = Plan.objects.prefetch_related("versions")
    serializer_class = PlanAnswer
    idempotency = "accepted"

    @extend_schema(responses=PlanAnswer(many=True))
    def get(self, request: Request) -> Response:
        """List the plans, newest first."""
        return self.listed(self.get_queryset(), PlanAnswer)

    @extend_schema(request=PlanFields, responses={201: PlanAnswer})
    def post(self, request: Request) -> Response:
        """Make a plan; draft a version of it next."""
        fields = checked(PlanFields(data=request.data))
        with pointing():
            made = make_plan(**fields)
        made.refresh_from_db()
        return Response(PlanAnswer(made).data, status=201)


class PlanDetail(CatalogueView):
    """One plan."""

    lookup_url_kwarg = "reference"

    @extend_schema(responses=PlanAnswer)
    def get(self, request: Request, reference: str) -> Response:
        """Return a plan with its versions."""
        return Response(PlanAnswer(find(Plan.objects.all(), reference)).data)

    @extend_schema(request=PlanName, responses=PlanAnswer)
    def patch(self, request: Request, reference: str) -> Response:
        """Give a plan another name."""
        fields = checked(PlanName(data=request.data))
        found = find(Plan.objects.all(), reference)
        with pointing():
            return Response(PlanAnswer(rename_plan(plan_id=found.pk, **fields)).data)


class VersionList(CatalogueView):
    """Versions of a plan."""

    lookup_url_kwarg = "version"  # `reference` is the plan's: this is a list, with pages
    queryset = PlanVersion.objects.none()  # for the description: each way in asks its own
    serializer_class = VersionAnswer
    idempotency = "accepted"

    @extend_schema(responses=VersionAnswer(many=True))
    def get(self, request: Request, reference: str) -> Response:
        """List the versions of a plan, newest first."""
        plan = find(Plan.objects.all(), reference)
        return self.listed(_versions().filter(plan=plan), VersionAnswer)

    @extend_schema(request=VersionFields, responses={201: VersionAnswer})
    def post(self, request: Request, reference: str) -> Response:
        """Draft the next version of a plan, empty or as a copy."""
        fields = checked(VersionFields(data=request.data))
        plan = find(Plan.objects.all(), reference)
        with pointing():
            made = draft_version(plan_id=plan.pk, **fields)
        return _version(made.pk, 201)


class VersionDetail(CatalogueView):
    """One version."""

    lookup_url_kwarg = "pk"

    @extend_schema(responses=VersionAnswer)
    def get(self, request: Request, pk: UUID) -> Response:
        """Return a version with its prices and fees."""
        return _version(pk)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Discard a draft."""
        _must_be_there(PlanVersion, pk)
        discard_version(version_id=pk)
        return Response(status=204)


class VersionPublish(CatalogueView):
    """The end of a draft."""

    @extend_schema(request=None, responses=VersionAnswer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Publish a draft, so that it can be assigned; it stays as it is from then on."""
        _must_be_there(PlanVersion, pk)
        publish_version(version_id=pk, by=self.by, now=self.now)
        return _version(pk)


class VersionPrices(CatalogueView):
    """Prices of a draft."""

    idempotency = "accepted"

    @extend_schema(request=NewPriceFields, responses={201: PriceAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Set the price of a meter in a draft."""
        fields = checked(NewPriceFields(data=request.data))
        _must_be_there(PlanVersion, pk)
        days = {n: fields[n] for n in ("starts_on", "ends_on") if n in fields}
        with pointing():
            made = set_price(version_id=pk, meter_id=_meter(fields), terms=_terms(fields), **days)
        return Response(PriceAnswer(made).data, status=201)


class VersionPriceChanges(CatalogueView):
    """Prices of a published version, from a day on."""

    idempotency = "accepted"

    @extend_schema(request=PriceChangeFields, responses={201: PriceAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Change the price of a meter from a day on."""
        fields = checked(PriceChangeFields(data=request.data))
        _must_be_there(PlanVersion, pk)
        with pointing():
            made = change_price(
                version_id=pk,
                meter_id=_meter(fields),
                terms=_terms(fields),
                from_on=fields["from_on"],
                now=self.now,
            )
        return Response(PriceAnswer(made).data, status=201)


class PriceDetail(CatalogueView):
    """One price."""

    lookup_url_kwarg = "pk"

    @extend_schema(request=PriceEndFields, responses=PriceAnswer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """End a published price before a day."""
        fields = checked(PriceEndFields(data=request.data))
        _must_be_there(Price, pk)
        with pointing():
            return Response(PriceAnswer(end_price(price_id=pk, now=self.now, **fields)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Take a price out of a draft."""
        _must_be_there(Price, pk)
        remove_price(price_id=pk)
        return Response(status=204)


class VersionFees(CatalogueView):
    """Fees of a draft."""

    idempotency = "accepted"

    @extend_schema(request=FeeFields, responses={201: RecurringFeeAnswer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Add a fee to a draft."""
        fields = checked(FeeFields(data=request.data))
        _must_be_there(PlanVersion, pk)
        with pointing():
            return Response(RecurringFeeAnswer(add_fee(version_id=pk, **fields)).data, status=201)


class FeeDetail(CatalogueView):
    """One fee."""

    lookup_url_kwarg = "pk"

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: UUID) -> Response:
        """Take a fee out of a draft."""
        _must_be_there(RecurringFee, pk)
        remove_fee(fee_id=pk)
        return Response(status=204)


def _versions() -> QuerySet[PlanVersion]:
    rows = PlanVersion.objects.select_related("plan")
    return rows.prefetch_related("fees", "prices__tiers", "prices__meter")


def _version(pk: UUID, status: int = 200) -> Response:
    found = _versions().filter(pk=pk).first()
    if found is None:
        raise not_found()
    return Response(VersionAnswer(found).data, status=status)


def _must_be_there(model: Any, pk: UUID) -> None:
    if not model.objects.filter(pk=pk).exists():
        raise not_found()


def meter_named(name: str) -> Meter:
    """Return the meter with this id or code; a Problem (400) that points at `meter` for none."""
    pk = as_uuid(name)
    rows = Meter.objects.all()
    found = rows.filter(pk=pk).first() if pk else None
    found = found or rows.filter(code=name).first()
    if found is None:
        words = "There is no meter with this code or id."
        raise invalid(FieldError(words, code="unknown", pointer="#/meter"))
    return found


def _meter(fields: dict[str, Any]) -> UUID:
    return meter_named(fields["meter"]).pk


def _terms(fields: dict[str, Any]) -> PriceTerms:
    if ("rate" in fields) == ("tiers" in fields):
        words = "Give either `rate` or `tiers`."
        raise invalid(FieldError(words, code="either_or", pointer="#/tiers"))
    tiers = fields.get("tiers") or ([{"rate": fields["rate"]}] if "rate" in fields else [])
    simple = ("included", "package_size", "minimum_minor", "filter_dimension", "filter_value")
    return PriceTerms(
        model=fields["model"],
        tiers=tuple(
            TierTerms(tier.get("up_to"), tier["rate"], tier.get("flat", ZERO)) for tier in tiers
        ),
        **{name: fields[name] for name in simple if name in fields},
    )
