"""What lists can be filtered by; other parameters are refused."""

from __future__ import annotations

import django_filters as filters

from billing.models import Organization


class OrganizationFilters(filters.FilterSet):
    """Filters of the list of organizations."""

    state = filters.ChoiceFilter(choices=Organization.State.choices)
    currency = filters.CharFilter(field_name="currency", lookup_expr="iexact")

    class Meta:
        model = Organization
        fields: list[str] = []
