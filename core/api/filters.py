"""Filters and other query parameters: only those a view names, and each mistake is told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django_filters import IsoDateTimeFilter
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from core.api.problems import FieldError, invalid

if TYPE_CHECKING:  # REST framework imports this module while it makes its own view class
    from rest_framework.views import APIView


class MomentField(IsoDateTimeField):
    """A moment in any zone, handed on in UTC: PostgreSQL refuses offsets of 16 hours and more."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the moment; raises ValidationError for none, and for one before year 1 in UTC."""
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(IsoDateTimeFilter):
    """A filter by a moment."""

    field_class = MomentField


class ListedFilters(DjangoFilterBackend):
    """django-filter, with mistakes told as problems that name the parameter."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        """Return the rows that the view's `filterset_class` leaves; raises a Problem (400)."""
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise invalid(*_mistakes(filterset.errors))
        result: QuerySet[Any] = filterset.qs
        return result


def _mistakes(errors: Any) -> list[FieldError]:
    return [
        FieldError(message, code=str(error.code or "invalid"), parameter=name)
        for name, found in errors.as_data().items()
        for error in found
        for message in error.messages
    ]


def refuse_unknown_parameters(request: Request, view: APIView) -> None:
    """Raise a Problem (400) that names the query parameters this view does not know.

    A misspelt filter that is passed over in silence shows rows that nobody asked for.
    """
    known = known_parameters(view)
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        listed = ", ".join(sorted(known)) or "none"
        raise invalid(
            *(
                FieldError(
                    f"There is no parameter of this name here. Known: {listed}.",
                    code="unknown_parameter",
                    parameter=name,
                )
                for name in unknown
            )
        )


def known_parameters(view: APIView) -> frozenset[str]:
    """Return the query parameters that a view takes for the method of its request."""
    named = frozenset(getattr(view, "query_parameters", ()))
    key = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", None)
    if view.request.method not in {"GET", "HEAD"} or key is None or key in view.kwargs:
        return named  # a change, no list at all, or one row of it
    paging = getattr(getattr(view, "pagination_class", None), "parameters", ())
    return named | frozenset(paging) | _filter_names(view)


def _filter_names(view: APIView) -> frozenset[str]:
    filterset = getattr(view, "filterset_class", None)
    if filterset is None:
        return frozenset()
    form = filterset().form
    names: set[str] = set()
    for name, field in form.fields.items():
        suffixes = getattr(field.widget, "suffixes", None)
        names |= {field.widget.suffixed(name, s) for s in suffixes} if suffixes else {name}
    return frozenset(names)
