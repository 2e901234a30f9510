"""What can be paid: each kind says what follows when money came, failed to come, or went back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from payments.models import Payment


def _nothing(payment: Payment) -> None:
    """Follow with nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing to pay. The callables run in the transaction that records the payment."""

    name: str
    on_paid: Callable[[Payment], None] = _nothing
    on_failed: Callable[[Payment], None] = _nothing
    on_refunded: Callable[[Payment], None] = _nothing


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; apps above do it when they start."""
    _kinds[kind.name] = kind


def kind_of(payment: Payment) -> Kind:
    """Return the kind that a payment was for."""
    return _kinds[payment.checkout.kind]


LINK = Kind(name="link")
register(LINK)
