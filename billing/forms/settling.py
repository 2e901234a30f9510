"""The form of voiding an invoice."""

from __future__ import annotations

from django import forms


class VoidForm(forms.Form):
    """Why an invoice is void; the organization reads it."""

    reason = forms.CharField(label="Why, in words for the organization", max_length=300)
