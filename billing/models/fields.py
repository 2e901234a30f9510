"""The two kinds of numbers that are no money yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    AnyDecimalField = models.DecimalField[Any, Any]
else:
    AnyDecimalField = models.DecimalField  # generic in its stubs only


class ExactField(AnyDecimalField):
    """numeric(38,12): a quantity, a rate, or an amount in minor units before it is rounded.

    Twelve decimals are what Stripe takes (API reference, `unit_amount_decimal`).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 38)
        kwargs.setdefault("decimal_places", 12)
        super().__init__(*args, **kwargs)
