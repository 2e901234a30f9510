"""What can be paid: each kind says what follows when money came, failed to come, or went back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from payments.models import Checkout, Payment

if TYPE_CHECKING:  # the gateway reads our rows
    from payments.gateway import DisputeFacts


def _nothing(row: Payment | Checkout, now: datetime) -> None:
    """Follow with nothing."""


def _nothing_disputed(payment: Payment, dispute: DisputeFacts, now: datetime) -> None:
    """Follow with nothing."""


def _expected(payment: Payment) -> Payment.Standing:
    """Take the money."""
    return Payment.Standing.EXPECTED


def _wanted(checkout: Checkout) -> bool:
    """Go on."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of thing to pay. What raises here undoes the record too, and is tried again.

    The callables run in the transaction that records what they are told of, with the checkout
    or the payment locked.

    `on_paid`: expected money came, or late money was kept; once for each payment.
    `on_pending`: money is on its way by bank debit; it may still fail. Perhaps told once more.
    `on_unexpected`: late, surplus or mismatched money came; a person will decide about it.
    `on_kept`: that person kept surplus or mismatched money.
    `on_failed`: a try was declined; while its session is open, the customer may try again.
    `on_ended`: a checkout ended as failed or expired, without money.
    `on_refunded`: the sum of what went back changed.
    `on_disputed`: Stripe spoke of a dispute; perhaps the same once more.
    `standing_of`: whether money that fits its checkout is expected, late or surplus.
    `is_wanted`: whether an open checkout may still be paid; if not, its session is closed.
    """

    name: str
    on_paid: Callable[[Payment, datetime], None] = _nothing
    on_pending: Callable[[Payment, datetime], None] = _nothing
    on_unexpected: Callable[[Payment, datetime], None] = _nothing
    on_kept: Callable[[Payment, datetime], None] = _nothing
    on_failed: Callable[[Payment, datetime], None] = _nothing
    on_ended: Callable[[Checkout, datetime], None] = _nothing
    on_refunded: Callable[[Payment, datetime], None] = _nothing
    on_disputed: Callable[[Payment, DisputeFacts, datetime], None] = _nothing_disputed
    standing_of: Callable[[Payment], Payment.Standing] = _expected
    is_wanted: Callable[[Checkout], bool] = _wanted


class UnknownKind(Exception):
    """Nobody registered this kind of thing to pay."""


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; apps above do it when they start."""
    _kinds[kind.name] = kind


def named(name: str) -> Kind:
    """Return a registered kind. Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(f"Nothing that can be paid is called {name!r}.") from None


def known() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(sorted(_kinds))


def kind_of(payment: Payment) -> Kind:
    """Return the kind that a payment was for."""
    return named(payment.checkout.kind)


LINK = Kind(name="link")
register(LINK)
