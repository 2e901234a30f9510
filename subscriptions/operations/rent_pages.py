"""Rents paid by link: one way to pay each, and what follows when money comes or fails to come.

A rent with an invoice of Stripe's is paid on that invoice's own page. Any other gets a checkout;
its money leads to the charge, and the charge to all else, as with every rent.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings

from core.jobs import enqueue
from core.money import Money
from core.tenancy import scope
from payments.gateway.charges import Charges
from payments.models import Checkout, Payment, StripeAccount
from payments.operations.checkouts import open_checkout
from payments.operations.claims import claim_checkout, stop_checkout
from subscriptions.models import RentPayment
from subscriptions.operations.cases import open_case, tell_case
from subscriptions.queries.collecting import PAYABLE, is_being_taken, why_not_payable

KIND = "rent"
States = RentPayment.State
OPEN = PAYABLE


class NotPayable(Exception):
    """The rent was paid, is on its way, is a duplicate of another row, or has no amount."""


def open_rent_page(*, tenant_id: UUID, rent_id: UUID, now: datetime) -> str:
    """Return the address at which a rent can be paid, and write it into its case.

    Repeating finds the same page while it is open; a checkout's page lives for a day. Raises
    NotPayable, StripeUnavailable, StripeRefused, CheckoutRefused, CheckoutOver.
    """
    with scope(tenant_id):
        rent = _payable(rent_id)
        invoice_id = rent.stripe_invoice_id
        checkout = None if invoice_id else _claim(rent, now)
        account = StripeAccount.objects.get()
    if checkout is None:
        url = Charges(account).read_bill(invoice_id).hosted_url
    else:
        url = open_checkout(tenant_id=tenant_id, checkout_id=checkout.pk, now=now).session_url
    with scope(tenant_id):
        case = open_case(rent, cause="To be paid by a link", now=now)
        tell_case(case, f"Payment page: {url}", once=f"page {url}"[:200], now=now)
    return url


def _payable(rent_id: UUID) -> RentPayment:
    rent = RentPayment.objects.select_for_update(of=("self",)).get(pk=rent_id)
    why_not = why_not_payable(rent)
    if why_not:
        raise NotPayable(why_not)
    return rent


def _claim(rent: RentPayment, now: datetime) -> Checkout:
    back = f"{settings.PUBLIC_URL}/"
    return claim_checkout(
        kind=KIND,
        subject_id=rent.pk,
        title=f"Rent {rent.month:%B %Y}" if rent.month else "Rent",
        amount=Money(rent.amount_minor or 0, rent.currency),
        success_url=back,
        cancel_url=back,
        metadata={"taproom_rent": str(rent.pk)},
        now=now,
    )


def _rent_of(subject_id: UUID) -> RentPayment:
    return RentPayment.objects.select_for_update(of=("self",)).get(pk=subject_id)


def record_rent_paid(payment: Payment, now: datetime) -> None:
    """Join the charge to its rent; all else is read from Stripe after this transaction."""
    rent = _rent_of(payment.checkout.subject_id)
    rent.stripe_charge_id = payment.stripe_charge_id
    rent.stripe_payment_intent_id = payment.stripe_payment_intent_id or ""
    rent.save(update_fields=["stripe_charge_id", "stripe_payment_intent_id"])
    enqueue("subscriptions.refresh_rent", rent_id=rent.pk)


def record_rent_pending(payment: Payment, now: datetime) -> None:
    """Join a bank debit that is on its way, so that the rent is not paid a second time."""
    record_rent_paid(payment, now)


def record_rent_moved(payment: Payment, *told: object) -> None:
    """Ask Stripe again after a refund or a dispute."""
    enqueue("subscriptions.refresh_rent", rent_id=payment.checkout.subject_id)


def record_rent_surplus(payment: Payment, now: datetime) -> None:
    """Tell that money came which nobody expected; it waits for a person among the payments."""
    rent = _rent_of(payment.checkout.subject_id)
    amount = Money(payment.amount_minor, payment.currency).display()
    case = open_case(rent, cause="More money came than is due", now=now)
    words = (
        f"{amount} came by a payment page ({payment.get_standing_display().lower()}). It is not"
        " sent to the house: keep or refund it among the payments."
    )
    tell_case(case, words, once=f"surplus {payment.pk}", now=now)


def standing_of_rent(payment: Payment) -> Payment.Standing:
    """Return whether money is expected: not for a rent that another charge has paid."""
    rent = _rent_of(payment.checkout.subject_id)
    if rent.state in OPEN or rent.stripe_charge_id == payment.stripe_charge_id:
        return Payment.Standing.EXPECTED
    return Payment.Standing.SURPLUS


def is_rent_wanted(checkout: Checkout) -> bool:
    """Return whether the rent may still be paid by this checkout."""
    rent = RentPayment.objects.filter(pk=checkout.subject_id).first()
    return (
        rent is not None
        and rent.state in OPEN
        and not rent.stripe_invoice_id
        and not is_being_taken(rent)
        and (rent.amount_minor, rent.currency) == (checkout.amount_minor, checkout.currency)
    )


def close_rent_pages(rent: RentPayment) -> None:
    """Have open pages of a rent closed that was paid in another way. In scope."""
    for pk in Checkout.objects.filter(
        kind=KIND, subject_id=rent.pk, state__in=Checkout.UNSETTLED
    ).values_list("pk", flat=True):
        stop_checkout(checkout_id=pk)
