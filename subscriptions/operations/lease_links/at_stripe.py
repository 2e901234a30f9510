"""The nouns of Stripe's API that leases are linked with, for one account."""

from __future__ import annotations

from dataclasses import dataclass

from payments.gateway import Customers, Products, Subscriptions
from payments.models import StripeAccount


class NoStripeAccount(Exception):
    """The company has not connected a Stripe account."""


@dataclass(frozen=True, slots=True)
class AtStripe:
    """What calls Stripe; shared by threads."""

    customers: Customers
    products: Products
    subscriptions: Subscriptions


def open_stripe() -> AtStripe:
    """Return what calls the company's account. In scope. Raises NoStripeAccount."""
    account = StripeAccount.objects.first()
    if account is None:
        raise NoStripeAccount("Connect a Stripe account first: there is nothing to link with.")
    return AtStripe(Customers(account), Products(account), Subscriptions(account))
