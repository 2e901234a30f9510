"""The forms of a credit note and of a what-if."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from django import forms

from billing.models import CreditNote, Invoice, PlanVersion
from billing.queries.credits import room_of
from core.money import AmountInvalid, Money


class CreditNoteForm(forms.Form):
    """How much to take back, how it settles and why; all that is left without an amount."""

    settled_by = forms.ChoiceField(
        label="What becomes of the money", choices=CreditNote.Settled.choices
    )
    amount = forms.CharField(
        label="Amount with tax", required=False, max_length=40,
        help_text="Such as 12.50; empty takes all that is left this way.",
    )  # fmt: skip
    reason = forms.CharField(label="Why, in words for the organization", max_length=300)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)
    amount_minor: int | None = None

    def __init__(self, *args: Any, invoice: Invoice, **kwargs: Any) -> None:
        self.invoice = invoice
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {"key": str(uuid4()), **kwargs["initial"]}
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Turn the amount into minor units and hold it against what is left."""
        fields = super().clean() or {}
        settled_by = fields.get("settled_by")
        if not settled_by or "amount" in self.errors:
            return fields
        left = room_of(self.invoice).money(settled_by)
        try:
            amount = self._amount(fields.get("amount") or "", left)
        except AmountInvalid as error:
            self.add_error("amount", str(error))
            return fields
        if not 0 < amount.minor <= left.minor:
            self.add_error("amount", f"Between nothing and {left} can be credited this way.")
        self.amount_minor = amount.minor
        return fields

    def _amount(self, text: str, left: Money) -> Money:
        return Money.parse(text.strip(), self.invoice.currency) if text.strip() else left


class WhatIfForm(forms.Form):
    """A month that is over, and the version of a plan to rate it by."""

    month = forms.RegexField(
        r"\A20\d{2}-(0[1-9]|1[0-2])\Z", label="Month", help_text="Such as 2026-09."
    )
    version = forms.ModelChoiceField(PlanVersion.objects.none(), label="As if it had been")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = PlanVersion.objects.select_related("plan").order_by("plan__name", "-number")
        self.fields["version"].queryset = rows  # type: ignore[attr-defined]

    def first_day(self) -> date:
        """Return the first day of the month that was asked for."""
        return date.fromisoformat(f"{self.cleaned_data['month']}-01")
