"""What lists can be filtered by; other parameters are refused."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils import timezone

from core.api.filters import MomentFilter
from payments.api.serializers import STATUS
from payments.models import Payment, PaymentLink

_STATE_OF = {word: state for state, word in STATUS.items()}


class LinkFilters(filters.FilterSet):
    """Filters of the list of links."""

    status = filters.ChoiceFilter(choices=PaymentLink.Status.choices, method="with_status")
    currency = filters.CharFilter(field_name="currency", lookup_expr="iexact")
    reference = filters.CharFilter(field_name="reference")
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = PaymentLink
        fields: list[str] = []

    def with_status(self, rows: Any, name: str, value: str) -> QuerySet[PaymentLink]:
        """Keep the links that have this status now."""
        return rows.with_status(value, timezone.now())  # type: ignore[no-any-return]


class PaymentFilters(filters.FilterSet):
    """Filters of the list of payments."""

    status = filters.ChoiceFilter(
        choices=[(word, word) for word in _STATE_OF], method="with_status"
    )
    standing = filters.ChoiceFilter(choices=Payment.Standing.choices)
    currency = filters.CharFilter(field_name="currency", lookup_expr="iexact")
    method = filters.CharFilter(field_name="method")
    link = filters.UUIDFilter(field_name="link_id")
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Payment
        fields: list[str] = []

    def with_status(self, rows: Any, name: str, value: str) -> QuerySet[Payment]:
        """Keep the payments shown under this word."""
        return rows.filter(state=_STATE_OF[value])  # type: ignore[no-any-return]
