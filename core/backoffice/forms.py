"""Forms of the back office that belong to no model."""

from __future__ import annotations

from django import forms

from core.models import Tenant


class PickTenantForm(forms.Form):
    """Which company a platform operator works in."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.filter(is_active=True), label="Company", empty_label="Choose…"
    )
